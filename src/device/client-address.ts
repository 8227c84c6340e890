import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { canonicalAddress } from '@ws-connect/callback-client/internal/address';

/** The part of Node's request that says who sent it. */
export interface Sender {
  socket: { remoteAddress?: string | undefined };
  /** Node has joined several `X-Forwarded-For` lines to one, with commas, in their order. */
  headers: IncomingHttpHeaders;
}

/**
 * The address of the client of a request. It is the address of the socket, unless that is a trusted proxy. Then it is the last address
 * of `X-Forwarded-For` that is not a trusted proxy, or the first address if all are trusted. Addresses before an untrusted one do not
 * count, because a client can write any text there. A text that is not an address ends the search at the last valid address.
 * IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4. Empty if the socket is already closed.
 */
export function clientAddress({ socket, headers }: Sender, isProxy: (address: string) => boolean): string {
  let address = addressOf(socket.remoteAddress ?? '') ?? '';
  let path = String(headers['x-forwarded-for'] ?? '');
  while (isProxy(address)) {
    const comma = path.lastIndexOf(',');
    const hop = addressOf(path.slice(comma + 1));
    if (hop === undefined) break;
    address = hop;
    path = path.slice(0, Math.max(comma, 0));
  }
  return address;
}

/** The network for the limit: an IPv4 address, or the first 64 bits of an IPv6 address (RFC 4291 §2.5.1), whose rest a client can change. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

/** The canonical address of a hop such as `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim();
  const host = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(host) === 0 ? undefined : canonicalAddress(host);
}
