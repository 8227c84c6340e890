import { z } from 'zod';

const shape = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}$/;

/** A device id: 1 to 128 of `A-Z a-z 0-9 . _ : -`, and neither `.` nor `..`, which URLs would swallow. */
export const deviceId = z.string().regex(shape).describe('1 to 128 of A-Z a-z 0-9 . _ : - and neither . nor ..');

/** Is it one? For where each microsecond counts. */
export function isDeviceId(text: string): boolean {
  return shape.test(text);
}
