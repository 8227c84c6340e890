/** The `Sec-WebSocket-Protocol` header (RFC 6455 §11.3.4): which protocol a device offers to speak, and its token. */
import { envelope } from './envelope.ts';
import { plain } from './plain.ts';
import type { Protocol } from './protocol.ts';

const protocols: Record<string, Protocol> = { 'ws-connect.v1': envelope, 'ws-connect.plain': plain };

/** The subprotocol to echo, the first known one in the device's order, or false for none (RFC 6455 §4.2.2). */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((name) => Object.hasOwn(protocols, name)) ?? false;
}

/** The protocol of a connection with this subprotocol. One without speaks plain. */
export function protocolOf(subprotocol: string): Protocol {
  return protocols[subprotocol] ?? plain;
}

/** What a browser, which cannot set `Authorization`, puts before its token to offer it as one more subprotocol. Never echoed. */
const tokenPrefix = 'bearer.';

/** The tokens among the subprotocols of a `Sec-WebSocket-Protocol` header. */
export function offeredTokens(offered = ''): string[] {
  const names = offered.split(',').map((name) => name.trim());
  return names.filter((name) => name.startsWith(tokenPrefix)).map((name) => name.slice(tokenPrefix.length));
}
