import { isUtf8 } from 'node:buffer';

/** What the device side offers as `Sec-WebSocket-Protocol`. Without any a connection is in plain mode as well. */
const plainProtocol = 'ws-connect.plain';

/** The subprotocol to echo, or false for none (RFC 6455 §4.2.2). */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(plainProtocol) && plainProtocol;
}

/** What a browser, which cannot set `Authorization`, puts before its token to offer it as one more subprotocol. Never echoed. */
const tokenPrefix = 'bearer.';

/** The tokens among the subprotocols of a `Sec-WebSocket-Protocol` header. */
export function offeredTokens(offered = ''): string[] {
  const names = offered.split(',').map((name) => name.trim());
  return names.filter((name) => name.startsWith(tokenPrefix)).map((name) => name.slice(tokenPrefix.length));
}

/** One message as it goes on the wire. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

/**
 * Plain mode: one callback body is one frame, text for `text/*` and `application/json`, binary for everything else.
 * Undefined: the frame would be text and the body is not UTF-8, so a device would have to drop its connection (RFC 6455 §8.1).
 */
export function plainFrame(body: Buffer, contentType = ''): Frame | undefined {
  if (!/^\s*(text\/[^;]+|application\/json)\s*(;|$)/i.test(contentType)) return { data: body, binary: true };
  return isUtf8(body) ? { data: body, binary: false } : undefined;
}
