import { WebSocket } from 'ws';
import type { ConnectionEvent } from '../../machines/connection.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import {
  closedByPeer,
  invalidText,
  messageTooBig,
  protocolError,
  tooManyFragments,
} from '../../machines/disconnect.ts';

/** Hears what a device does. */
export interface WebSocketListener {
  /** A message came. */
  noteData(): void;
  /** A ping or a pong came. */
  noteSeen(): void;
  tell(event: ConnectionEvent): void;
}

/** A WebSocket that knows who listens to it, so that all of them share their event listeners. */
export class DeviceWebSocket extends WebSocket {
  declare listener: WebSocketListener;

  listen(listener: WebSocketListener): void {
    this.listener = listener;
    this.on('message', onMessage).on('ping', onSeen).on('pong', onSeen).on('error', onError).on('close', onClose);
  }
}

function onMessage(this: WebSocket): void {
  listenerOf(this).noteData();
}

function onSeen(this: WebSocket): void {
  listenerOf(this).noteSeen();
}

function onError(this: WebSocket, error: Error): void {
  listenerOf(this).tell({ type: 'socket.failed', disconnect: causeOf(error) });
}

function onClose(this: WebSocket, code: number): void {
  listenerOf(this).tell({ type: 'socket.closed', disconnect: closedByPeer(code) });
}

function listenerOf(socket: WebSocket): WebSocketListener {
  return (socket as DeviceWebSocket).listener;
}

function causeOf(error: Error & { code?: string }): Disconnect {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
      return messageTooBig;
    case 'WS_ERR_INVALID_UTF8':
      return invalidText;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return tooManyFragments;
    default:
      return protocolError;
  }
}
