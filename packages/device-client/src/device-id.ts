/** 1 to 128 of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`. The pods have the same rule, and a test compares the two. */
const deviceIdShape = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

/** Is it a device id? */
export function isDeviceId(text: string): boolean {
  return deviceIdShape.test(text);
}
