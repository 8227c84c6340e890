import { isIP } from 'node:net';
import { isPort } from '../address.ts';
import type { Entry, PodRecord } from './registry.ts';

/**
 * Reads a device's entry. Another program may have written the key: what has not the shape of an entry counts as none.
 *
 * The ids and the address are limited to what is safe in a header (RFC 9110 §5.5, §8.8.3), a URL and the log. Whether a pod can be
 * at that address is a later question, `isPort` and `POD_CIDRS`: the device has an entry then, but nobody can follow it.
 * `register.lua` has the same rules.
 */
export function parseEntry(text: string | null): Entry | undefined {
  const entry = parseObject<Entry>(text);
  return entry && isEntry(entry) ? (entry as unknown as Entry) : undefined;
}

/** Reads a pod's record. What is none counts as none, so that one bad record spoils no list. */
export function parsePodRecord(text: string | null): PodRecord | undefined {
  const record = parseObject<PodRecord>(text);
  if (!record || !isPodRecord(record)) return undefined;
  const { serverIp, port, state, connections, startedAt } = record as unknown as PodRecord;
  return { serverIp, port, state, connections, startedAt };
}

type Unchecked<T> = Partial<Record<keyof T, unknown>>;

/** A connection's id, as it stands between the quotes of an entity tag. */
const traceIdShape = /^[!#-~]{1,128}$/;
const podIdShape = /^[A-Za-z0-9._:-]{1,128}$/;
/** Visible ASCII, or nothing. */
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

/** The object that this JSON text is; undefined when it is none. */
function parseObject<T>(text: string | null): Unchecked<T> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // counts as none
  }
}
