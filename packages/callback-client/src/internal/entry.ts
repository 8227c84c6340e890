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
 * Reads the entry of a device. Undefined if the text does not have the form of an entry, because another program can have written the key.
 *
 * The ids and the address are limited to characters that are safe in a header (RFC 9110 §5.5, §8.8.3), a URL and the log. This function
 * does not check whether a pod can be at that address. `isPort` and `POD_CIDRS` do that later. `register.lua` has the same rules.
 */
export function parseEntry(text: string | null): Entry | undefined {
  const entry = parseObject<Entry>(text);
  return entry && isEntry(entry) ? (entry as unknown as Entry) : undefined;
}

/** An object of which nothing is known yet: any member may be missing or of another type. */
export type Unchecked<T> = Partial<Record<keyof T, unknown>>;

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
    return undefined; // a bad text counts as no entry
  }
}
