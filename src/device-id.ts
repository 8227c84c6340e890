const pattern = /^[A-Za-z0-9._:-]{1,128}$/;

/** A device id: 1 to 128 of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`, which URLs would swallow. */
export function isDeviceId(text: string): boolean {
  return pattern.test(text) && text !== '.' && text !== '..';
}
