import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { checkDeviceId, checkHeader, checkId, checkWhole } from './checks.ts';

/** A string goes out as `text/plain`, bytes as `application/octet-stream`, anything else as JSON. */
export type Body = string | Uint8Array | object | number | boolean | null;

/** What holds for one message, sent alone or in a batch. */
export interface MessageOptions {
  /** By default what fits the body. `text/*` and `application/json` reach the device as text. */
  contentType?: string;
  /** 1 to 128 of `A-Z a-z 0-9 . _ : -`. A device in envelope mode gets it, and can tell a message it has already. */
  id?: string;
  /** May it be sent again when it may have been delivered? By default when `id` was given. */
  idempotent?: boolean;
}

/** How long it may take; each overrides the client's. */
export interface Patience {
  /** For one message with all its tries, ms. */
  deadlineMs?: number;
  /** For a device that is offline to come back, ms. */
  reconnectWaitMs?: number;
  /** Gives up: what is waited for rejects with its reason. What became of messages under way is not known then. */
  signal?: AbortSignal;
}

export interface SendOptions extends MessageOptions, Patience {
  /** Wait until the device acknowledges the message. Envelope mode only. */
  ack?: boolean;
  /** How long the pod waits for the acknowledgement, ms, at most 30,000. Default 5000. */
  timeoutMs?: number;
  /** The traceId of the connection it is meant for; another one is not sent to. */
  ifMatch?: string;
  /** W3C Trace Context; handed on to a device in envelope mode. */
  traceparent?: string;
}

export interface BatchMessage extends MessageOptions {
  deviceId: string;
  body: Body;
}

/** A message that is fit to be sent. */
export interface Message {
  deviceId: string;
  body: Buffer;
  contentType: string;
  id: string | undefined;
  isIdempotent: boolean;
  /** How long the pod waits for an acknowledgement, ms; 0: it does not. */
  ackWithinMs: number;
  headers: Record<string, string>;
}

/** Throws a TypeError or RangeError that says what is wrong. */
export function createMessage(deviceId: string, body: Body, options: SendOptions): Message {
  const { id, ack = false, timeoutMs = 5000, ifMatch, traceparent } = options;
  const isIdempotent = options.idempotent ?? id !== undefined;
  const headers: Record<string, string> = {};
  if (ifMatch !== undefined) headers['If-Match'] = `"${checkTraceId(ifMatch)}"`;
  if (traceparent !== undefined) headers['traceparent'] = checkHeader('traceparent', traceparent);
  const encoded = encode(body);
  return {
    deviceId: checkDeviceId(deviceId),
    body: encoded.body,
    contentType: checkHeader('Content-Type', options.contentType ?? encoded.contentType),
    id: id === undefined ? drawId(ack || isIdempotent) : checkId(id),
    isIdempotent,
    ackWithinMs: ack ? checkWhole('timeoutMs', timeoutMs, 1, 30_000) : 0,
    headers,
  };
}

/** Path and query of the request for one message. */
export function pathOf({ deviceId, id, ackWithinMs }: Message, leftMs: number): string {
  const query: string[] = [];
  if (id !== undefined) query.push(`id=${id}`);
  if (ackWithinMs > 0) query.push('ack=1', `timeoutMs=${Math.max(1, Math.floor(Math.min(ackWithinMs, leftMs)))}`);
  return `/callback/${deviceId}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** The line for it in a batch. Its type says whether the device gets text: in the line the body may stand either way. */
export function lineOf({ deviceId, body, contentType, id }: Message): string {
  const head = JSON.stringify({ deviceId, id, contentType }).slice(0, -1);
  return `${head},${quoted(body) ?? `"base64":"${body.toString('base64')}"`}}\n`;
}

/** Undefined when it is no text, or would be too long: escapes can make it six times as long, and a pod takes no line of twice its limit. */
function quoted(body: Buffer): string | undefined {
  if (!isUtf8(body)) return undefined;
  const text = JSON.stringify(body.toString());
  return Buffer.byteLength(text) <= 1.5 * body.length + 64 ? `"data":${text}` : undefined;
}

function drawId(isNeeded: boolean): string | undefined {
  return isNeeded ? randomUUID() : undefined;
}

function encode(body: Body): { body: Buffer; contentType: string } {
  if (typeof body === 'string') return { body: Buffer.from(body), contentType: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return { body: bytes, contentType: 'application/octet-stream' };
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) throw new TypeError('bytes must be a Uint8Array');
  const json: string | undefined = JSON.stringify(body);
  if (json === undefined)
    throw new TypeError('a body must be a string, a Uint8Array, or a value that JSON can represent');
  return { body: Buffer.from(json), contentType: 'application/json' };
}

function checkTraceId(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)) return value;
  throw new TypeError('ifMatch must be a traceId, 32 hex digits without quotes');
}
