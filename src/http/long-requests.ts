import type { IncomingMessage } from 'node:http';

/** Requests that may come for as long as they like, because whoever answers them looks after their progress. */
export class LongRequests {
  readonly #requests = new WeakSet<IncomingMessage>();

  add(request: IncomingMessage): void {
    this.#requests.add(request);
  }

  delete(request: IncomingMessage): void {
    this.#requests.delete(request);
  }

  has(request: IncomingMessage): boolean {
    return this.#requests.has(request);
  }
}
