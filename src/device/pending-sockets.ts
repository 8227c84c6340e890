import type { Duplex } from 'node:stream';

/** From the TCP connect to the end of the request head, and from there to the answer and the end of what is refused, ms. */
export const handshakeTimeoutMs = 5000;

/** Sockets that have left Node's HTTP server, and its time-outs with it, and are no WebSocket: not yet, or not ever. */
export class PendingSockets {
  readonly #sockets = new Set<Duplex>();

  /** Cuts it when the handshake takes too long. Returns what ends that. */
  hold(socket: Duplex): () => void {
    const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
    const release = () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    };
    this.#sockets.add(socket);
    socket.on('error', ignore); // an unheard one would end the process
    socket.once('close', release);
    return release;
  }

  /** As `hold`, and gives up on a device that hangs up; what it sends meanwhile stays unread. */
  holdUnread(socket: Duplex): () => void {
    const release = this.hold(socket);
    const seeEnd = () => void socket.read(0); // takes nothing, but an end with nothing before it is told
    const hangUp = () => void socket.destroy();
    socket.on('readable', seeEnd).once('end', hangUp);
    return () => {
      socket.off('readable', seeEnd).off('end', hangUp);
      release();
    };
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** 'close' follows every 'error' and ends whatever there is to end. */
function ignore(): void {}
