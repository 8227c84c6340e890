/**
 * Every kind of close of a connection, as a value. The code is the WebSocket close code (RFC 6455 §7.4). Codes of ws-connect follow one
 * rule for clients: after 4000–4499 the device reconnects, after 4500–4999 it does not.
 */
export interface Disconnect {
  readonly code: number;
  /** Stable name for logs, metrics and the close frame, at most 123 bytes (RFC 6455 §5.5). */
  readonly reason: string;
  /** In a sentence: when the pod closes a connection in this way. */
  readonly when: string;
  /** Is the device allowed to connect again? */
  readonly reconnect: boolean;
  /** The pod does not wait for the close frame of the device, because the device no longer answers. */
  readonly abrupt?: boolean;
}

export const protocolError: Disconnect = {
  code: 1002,
  reason: 'protocol-error',
  when: 'the device violated the WebSocket protocol',
  reconnect: true,
};

export const notUnderstood: Disconnect = {
  code: 1003,
  reason: 'not-understood',
  when: 'in envelope mode, the device sent a frame that the protocol does not define',
  reconnect: true,
};

export const invalidText: Disconnect = {
  code: 1007,
  reason: 'invalid-text',
  when: 'the device sent a text frame that is not UTF-8',
  reconnect: true,
};

export const messageTooBig: Disconnect = {
  code: 1009,
  reason: 'message-too-big',
  when: 'the device sent a message larger than MAX_PAYLOAD_BYTES',
  reconnect: true,
};

export const serverError: Disconnect = {
  code: 1011,
  reason: 'server-error',
  when: 'an internal error of the pod ended this connection',
  reconnect: true,
};

export const restarting: Disconnect = {
  code: 1012,
  reason: 'restarting',
  when: 'the pod is draining; the reason in the close frame is {"reconnectAfterMs":N}',
  reconnect: true,
};

export const tokenExpired: Disconnect = {
  code: 4401,
  reason: 'token-expired',
  when: 'the token of this connection has expired; connect with a new one',
  reconnect: true,
};

export const silent: Disconnect = {
  code: 4408,
  reason: 'silent',
  when: 'the pod received nothing from the device for PONG_TIMEOUT_MS, not even a pong',
  reconnect: true,
  abrupt: true,
};

export const slowReader: Disconnect = {
  code: 4413,
  reason: 'slow-reader',
  when: 'the device read too slowly: its backlog exceeded MAX_BUFFERED_BYTES and did not fall below half of it within 10 s',
  reconnect: true,
  abrupt: true,
};

export const flooding: Disconnect = {
  code: 4429,
  reason: 'flood',
  when: 'the device sent more messages than MESSAGES_PER_CONNECTION_PER_SECOND allows',
  reconnect: true,
};

export const contended: Disconnect = {
  code: 4429,
  reason: 'contended',
  when: 'connections of this device replaced each other too often; two machines probably use the same deviceId',
  reconnect: true,
};

export const kicked: Disconnect = {
  code: 4503,
  reason: 'kicked',
  when: 'an operator or a service closed the connection',
  reconnect: false,
};

export const superseded: Disconnect = {
  code: 4509,
  reason: 'superseded',
  when: 'a newer connection of the same device replaced this one',
  reconnect: false,
};

/** All closes that a pod makes, in the order of their codes. */
export const disconnects: readonly Disconnect[] = [
  protocolError,
  notUnderstood,
  invalidText,
  messageTooBig,
  serverError,
  restarting,
  tokenExpired,
  silent,
  slowReader,
  flooding,
  contended,
  kicked,
  superseded,
];

/** The device ended the connection. `code` is that of its close frame, or 1006 if there was no close frame. */
export function closedByPeer(code: number): Disconnect {
  return { code, reason: 'peer', when: 'the device closed the connection', reconnect: true };
}
