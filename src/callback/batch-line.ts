/**
 * One line of a batch: {"deviceId" or "deviceIds":[…],"data" or "base64","id"?,"contentType"?}
 */
import { isUtf8 } from 'node:buffer';
import type { Message } from '../connections/protocol/protocol.ts';
import { isMessageId } from '@ws-connect/callback-client/internal/message-id';
import type { Line } from '@ws-connect/callback-client/internal/batch-lines';
import { tooLong } from '@ws-connect/callback-client/internal/batch-lines';
import { refusalFor } from '../http/problems.ts';

/** The result of a line, or of one of its devices. */
export interface Outcome {
  status: number;
  /** Code of the problem. A 200 has none. */
  code?: string;
}

/** A line that says what to send to whom. */
export interface BatchLine {
  /** Whether they are good is still to be seen; null for what is no string. */
  deviceIds: readonly (string | null)[];
  message: Message;
  /** The bytes of the line, to forward it to another pod. */
  line: Buffer;
  /** Creates the same line for some of its devices. Undefined if the line has one `deviceId`. */
  forDevices?: (deviceIds: readonly string[]) => Buffer;
}

/** A line that is refused as a whole. */
export interface Refusal {
  /** The deviceId of the line. Null if it has none that is a string. */
  deviceId: string | null;
  refusal: Required<Outcome>;
}

/** What all lines of a batch have in common. */
export interface BatchLineSettings {
  maxPayloadBytes: number;
  drawId: () => string;
  ackWithinMs: number | undefined;
  traceparent: string | undefined;
}

/** Largest number of devices in one line. */
export const maxDevicesOfLine = 1000;

const badJson = refusalFor('bad-json');
const badFields = refusalFor('bad-fields');
const badMessageId = refusalFor('bad-message-id');
const badContentType = refusalFor('bad-content-type');
const badBase64 = refusalFor('bad-base64');
const invalidText = refusalFor('invalid-text');
const tooManyDevices = refusalFor('too-many-devices');
const bodyTooLarge = refusalFor('body-too-large');
const lineTooLong = refusalFor('line-too-long');

const fields = new Set(['deviceId', 'deviceIds', 'data', 'base64', 'id', 'contentType']);
/** A header value (RFC 9110 §5.5), because a request for one device has the content type in a header. */
const contentTypeShape = /^[\t\x20-\x7e]{0,256}$/;
const base64Shape = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads a line. */
export function readBatchLine(line: Line, settings: BatchLineSettings): BatchLine | Refusal {
  if (line === tooLong) return { deviceId: null, refusal: lineTooLong };
  const given = parse(line);
  if (!given) return { deviceId: null, refusal: badJson };
  const { deviceId, deviceIds, id, contentType } = given;
  const refuse = (refusal: Required<Outcome>) => ({ deviceId: idOf(deviceId), refusal });
  const devices = deviceIds === undefined ? [deviceId] : deviceIds;
  if (!hasGoodFields(given) || !Array.isArray(devices) || devices.length === 0) return refuse(badFields);
  if (devices.length > maxDevicesOfLine) return refuse(tooManyDevices);
  if (id !== undefined && !(typeof id === 'string' && isMessageId(id))) return refuse(badMessageId);
  if (contentType !== undefined && !isContentType(contentType)) return refuse(badContentType);
  const body = bodyOf(given, settings.maxPayloadBytes);
  if (!Buffer.isBuffer(body)) return refuse(body);
  const { drawId, ackWithinMs, traceparent } = settings;
  const type = contentType ?? (given['data'] === undefined ? 'application/octet-stream' : 'text/plain');
  const message = { body, contentType: type, id: id ?? drawId(), ackWithinMs, traceparent };
  if (deviceIds === undefined) return { deviceIds: [idOf(deviceId)], message, line };
  const forDevices = (some: readonly string[]) => Buffer.from(JSON.stringify({ ...given, deviceIds: some }));
  return { deviceIds: devices.map(idOf), message, line, forDevices };
}

function idOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Is the line empty or only white space? Such lines are skipped. */
export function isBlank(line: Line): boolean {
  return line !== tooLong && (line.length === 0 || (line[0]! <= 0x20 && line.toString('latin1').trim() === ''));
}

function parse(line: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(line)) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // the result of the line reports it
  }
}

/** True if there is no unknown field, one of `deviceId` and `deviceIds`, and one of `data` and `base64`. */
function hasGoodFields(given: Record<string, unknown>): boolean {
  for (const name of Object.keys(given)) if (!fields.has(name)) return false;
  const { deviceId, deviceIds, data, base64 } = given;
  return (deviceId === undefined) !== (deviceIds === undefined) && (data === undefined) !== (base64 === undefined);
}

function isContentType(value: unknown): value is string {
  return typeof value === 'string' && contentTypeShape.test(value);
}

function bodyOf({ data, base64 }: Record<string, unknown>, limit: number): Buffer | Required<Outcome> {
  if (base64 !== undefined) return typeof base64 === 'string' ? decode(base64, limit) : badFields;
  if (typeof data !== 'string') return badFields;
  if (data.length > limit || Buffer.byteLength(data) > limit) return bodyTooLarge;
  return data.isWellFormed() ? Buffer.from(data) : invalidText; // UTF-8 has no form for half of a surrogate pair
}

/** RFC 4648 §4, with its padding. */
function decode(text: string, limit: number): Buffer | Required<Outcome> {
  if (text.length % 4 !== 0 || !base64Shape.test(text)) return badBase64;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  if ((text.length / 4) * 3 - padding > limit) return bodyTooLarge;
  return Buffer.from(text, 'base64');
}
