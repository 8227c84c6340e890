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

/** A WebSocket that tells one listener, and no other, what happens: five event listeners each would cost more than the rest of a connect. */
export class DeviceWebSocket extends WebSocket {
  declare listener: WebSocketListener;

  override emit(event: string | symbol, first?: unknown): boolean {
    switch (event) {
      case 'message':
        this.listener.noteData();
        break;
      case 'ping':
      case 'pong':
        this.listener.noteSeen();
        break;
      case 'error':
        this.listener.tell({ type: 'socket.failed', disconnect: causeOf(first as Error) });
        break;
      case 'close':
        this.listener.tell({ type: 'socket.closed', disconnect: closedByPeer(first as number) });
        break;
    }
    return true;
  }
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
