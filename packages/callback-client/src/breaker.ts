import { LRUCache } from 'lru-cache';

/** Which pods did not answer of late. Each is left alone for a while, then one request may find out. */
export class Breaker {
  readonly #quietMs: number;
  readonly #now: () => number;
  /** When each may be asked again. */
  readonly #askAgainAt = new LRUCache<string, number>({ max: 1000 });
  readonly #answeredAt = new LRUCache<string, number>({ max: 1000 });

  constructor(quietMs: number, now: () => number = () => performance.now()) {
    this.#quietMs = quietMs;
    this.#now = now;
  }

  /** True lets one request through; if the pod has been silent, others have to wait for what becomes of it. */
  mayAsk(pod: string): boolean {
    const askAgainAt = this.#askAgainAt.get(pod);
    if (askAgainAt === undefined) return true;
    if (this.#now() < askAgainAt) return false;
    this.failed(pod); // as long as the one that finds out has not found out
    return true;
  }

  /**
   * A request that began `forMs` ago is given up. If the pod has answered another one since, it is the device that does not take its
   * message, and the others of that pod are none the worse for it.
   */
  timedOut(pod: string, forMs: number): void {
    if ((this.#answeredAt.get(pod) ?? -Infinity) < this.#now() - forMs) this.failed(pod);
  }

  failed(pod: string): void {
    this.#askAgainAt.set(pod, this.#now() + this.#quietMs);
  }

  answered(pod: string): void {
    this.#answeredAt.set(pod, this.#now());
    this.#askAgainAt.delete(pod);
  }
}
