/** One device's record in the registry. Its JSON form, with the members in this order, is what Redis holds. */
export interface Entry {
  v: 1;
  /** The pod's address, a literal IP. */
  serverIp: string;
  /** The pod's callback port. */
  port: number;
  /** The connection. */
  traceId: string;
  podId: string;
  /** Registry time of the connect, ms since 1970: what orders the connections of a device. */
  t: number;
}

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

/** An object of which nothing is known yet: any member may be missing or of another type. */
export type Unchecked<T> = Partial<Record<keyof T, unknown>>;

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

function isText(value: unknown, shape: RegExp): boolean {
  return typeof value === 'string' && shape.test(value);
}

/** The object that this JSON text is; undefined when it is none. */
export function parseObject<T>(text: string | null): Unchecked<T> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // counts as none
  }
}
