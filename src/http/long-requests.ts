import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests that may come for as long as they like, because whoever answers them looks after their progress. */
export class LongRequests {
  readonly #sockets = new WeakSet<Duplex>();

  add({ socket }: IncomingMessage): void {
    this.#sockets.add(socket);
  }

  delete({ socket }: IncomingMessage): void {
    this.#sockets.delete(socket);
  }

  /** Is one under way on this connection? */
  has(socket: Duplex): boolean {
    return this.#sockets.has(socket);
  }
}
