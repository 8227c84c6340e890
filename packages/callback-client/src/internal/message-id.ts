/** What a service may call a message: 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
export const messageIdShape = /^[A-Za-z0-9._:-]{1,128}$/;

export function isMessageId(text: string): boolean {
  return messageIdShape.test(text);
}
