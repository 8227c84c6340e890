import { isIP } from 'node:net';
import { isPort } from '../address.ts';
import type { Entry, PodRecord } from './registry.ts';

/**
 * Reads the entry of a device. Undefined if the text does not have the form of an entry, because another program can have written the key.
 *
 * The ids and the address are limited to characters that are safe in a header (RFC 9110 §5.5, §8.8.3), a URL and the log. This function
 * does not check whether a pod can be at that address. `isPort` and `POD_CIDRS` do that later. `register.lua` has the same rules.
 */
export function parseEntry(text: string | null): Entry | undefined {
  const entry = parseObject<Entry>(text);
  return entry && isEntry(entry) ? (entry as unknown as Entry) : undefined;
}

/** Reads the record of a pod. Undefined if the text is not a record, so that one bad record does not spoil a list. */
export function parsePodRecord(text: string | null): PodRecord | undefined {
  const record = parseObject<PodRecord>(text);
  if (!record || !isPodRecord(record)) return undefined;
  const { serverIp, port, state, connections, startedAt } = record as unknown as PodRecord;
  return { serverIp, port, state, connections, startedAt };
}

type Unchecked<T> = Partial<Record<keyof T, unknown>>;

/** The id of a connection: characters that are allowed between the quotes of an entity tag. */
const traceIdShape = /^[!#-~]{1,128}$/;
const podIdShape = /^[A-Za-z0-9._:-]{1,128}$/;
/** At most 255 characters of visible ASCII. It can be empty. */
const addressShape = /^[!-~]{0,255}$/;

function isEntry({ serverIp, port, traceId, podId, t }: Unchecked<Entry>): boolean {
  return (
    isText(serverIp, addressShape) &&
    typeof port === 'number' &&
    isText(traceId, traceIdShape) &&
    isText(podId, podIdShape) &&
    Number.isSafeInteger(t)
  );
}

function isPodRecord({ serverIp, port, state, connections, startedAt }: Unchecked<PodRecord>): boolean {
  return (
    typeof serverIp === 'string' &&
    isIP(serverIp) !== 0 &&
    isPort(port) &&
    (state === 'serving' || state === 'draining') &&
    Number.isSafeInteger(connections) &&
    (connections as number) >= 0 &&
    isText(startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/) &&
    !Number.isNaN(Date.parse(startedAt as string))
  );
}

function isText(value: unknown, shape: RegExp): boolean {
  return typeof value === 'string' && shape.test(value);
}

/** Parses a JSON object. Undefined if the text is null, empty, not JSON, or not an object. */
function parseObject<T>(text: string | null): Unchecked<T> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // a bad text counts as no entry
  }
}
