/** What the client reads in an event: `data` of a message, `code` and `reason` of a close. */
export interface WebSocketEventLike {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

/** What the client needs of a WebSocket: a browser's, Node's own (22 and newer) and the one of the package `ws` all have it. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: WebSocketEventLike) => void): void;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** Makes one: `WebSocket` of a browser, or of the package `ws`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** What `ws` can do beyond a browser's: it shows pings, and cuts a connection without waiting for the other side. */
interface Talkative extends WebSocketLike {
  on?(event: 'ping', listener: () => void): unknown;
  terminate?(): void;
}

export function isOpen({ readyState }: WebSocketLike): boolean {
  return readyState === 1;
}

/** Calls back at every ping, and says whether this WebSocket shows them at all. A browser's does not. */
export function showsPings(socket: Talkative, onPing: () => void): boolean {
  return socket.on?.('ping', onPing) !== undefined;
}

/** Ends it as fast as it can be ended. */
export function cut(socket: Talkative): void {
  if (socket.terminate) socket.terminate();
  else socket.close();
}
