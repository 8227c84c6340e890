import type { Duplex } from 'node:stream';

/** Time limit from the TCP connect to the end of the request head, and from there to the answer or the end of a refused socket, ms. */
export const handshakeTimeoutMs = 5000;

/** Sockets that have left Node's HTTP server, and so its timeouts, but are not (yet) a WebSocket. */
export class PendingSockets {
  readonly #sockets = new Set<Duplex>();

  /** Cuts the socket if the handshake takes too long. Returns a function that ends this. */
  hold(socket: Duplex): () => void {
    const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
    const release = () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    };
    this.#sockets.add(socket);
    socket.on('error', ignore); // an error without a listener would end the process
    socket.once('close', release);
    return release;
  }

  /** Like `hold`. Also cuts the socket if the device closes it. Data of the device stays unread. */
  holdUnread(socket: Duplex): () => void {
    const release = this.hold(socket);
    const seeEnd = () => void socket.read(0); // reads no data, but reports an end without data before it
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

/** An 'error' needs no action, because a 'close' follows it. */
function ignore(): void {}
