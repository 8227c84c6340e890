import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { canonicalAddress } from '@ws-connect/callback-client/internal/address';

/** Who sent a request, as Node has it. */
export interface Sender {
  socket: { remoteAddress?: string | undefined };
  /** Several `X-Forwarded-For` lines are one by now, joined by commas in their order. */
  headers: IncomingHttpHeaders;
}

/**
 * The address a request comes from: the socket's, or, as long as that is one of our proxies, the one this proxy says it has the
 * request from: the last untrusted one of `X-Forwarded-For`, the first one when all are trusted. What a hop before an untrusted one
 * says counts for nothing: whoever connects may write there what they like. A hop that is no address ends the walk at the last good one.
 * IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4. Empty when the socket is gone.
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

/** What one party has: an IPv4 address, or the first 64 bits of an IPv6 one (RFC 4291 §2.5.1), as it can draw the rest anew each time. */
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

/** The address of a hop such as `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`, always spelt the same way. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim();
  const host = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(host) === 0 ? undefined : canonicalAddress(host);
}
