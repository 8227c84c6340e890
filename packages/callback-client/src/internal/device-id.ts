/** 1 to 128 of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`, which URLs would swallow. */
export const deviceIdShape = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

/** Is it a device id? */
export function isDeviceId(text: string): boolean {
  return deviceIdShape.test(text);
}
