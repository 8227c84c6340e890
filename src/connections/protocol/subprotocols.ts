/** The `Sec-WebSocket-Protocol` header (RFC 6455 §11.3.4): the protocols that a device offers, and its token. */
import { envelope } from './envelope.ts';
import { plain } from './plain.ts';
import type { Protocol } from './protocol.ts';

const protocols: Record<string, Protocol> = { 'ws-connect.v1': envelope, 'ws-connect.plain': plain };

/** The subprotocol to answer: the first known one in the order of the device, or false for none (RFC 6455 §4.2.2). */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((name) => Object.hasOwn(protocols, name)) ?? false;
}

/** The protocol of a connection with this subprotocol. Without a subprotocol it is plain mode. */
export function protocolOf(subprotocol: string): Protocol {
  return protocols[subprotocol] ?? plain;
}

/** Prefix of a token that is sent as a subprotocol, because browsers cannot set `Authorization`. It is never part of the answer. */
const tokenPrefix = 'bearer.';

/** The tokens among the subprotocols of a `Sec-WebSocket-Protocol` header. */
export function offeredTokens(offered = ''): string[] {
  const names = offered.split(',').map((name) => name.trim());
  return names.filter((name) => name.startsWith(tokenPrefix)).map((name) => name.slice(tokenPrefix.length));
}
