import { validateHeaderValue } from 'node:http';
import { isMessageId } from './internal/message-id.ts';
import { isDeviceId } from './internal/device-id.ts';

/** What setTimeout can wait for, with room. */
export const longestMs = 86_400_000;

/** Throws a RangeError unless `value` is a whole number from `least` to `most`; a TypeError when it is no number. */
export function checkWhole(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
  }
  return value;
}

/** Throws a TypeError unless it is a deviceId. */
export function checkDeviceId(value: unknown): string {
  if (typeof value === 'string' && isDeviceId(value)) return value;
  throw new TypeError('a deviceId must be 1 to 128 of A-Z a-z 0-9 . _ : - and neither "." nor ".."');
}

/** Throws a TypeError unless it is a message id. */
export function checkId(value: unknown): string {
  if (typeof value === 'string' && isMessageId(value)) return value;
  throw new TypeError('an id must be 1 to 128 of A-Z a-z 0-9 . _ : -');
}

/** Throws a TypeError unless it can be the value of this header. */
export function checkHeader(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  validateHeaderValue(name, value);
  return value;
}
