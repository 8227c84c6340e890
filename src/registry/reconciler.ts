import type { Clock } from '../base/clock.ts';
import { repeat } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';

/** A lease whose entry can be wrong, because a command failed or the registry was down. */
export interface Repairable {
  /** Time of the connect, ms on the pod's clock. The newest are repaired first, because their devices are most likely still connected. */
  readonly claimedAt: number;
  /** True if its entry has expired by itself, so that no repair is needed. */
  readonly isOver: boolean;
  /** Tries again. The lease calls `clean` after a success. */
  repair(): void;
}

export interface ReconcilerOptions {
  clock: Clock;
  /** Number of repairs per second. */
  perSecond: number;
  /** True while the registry is up. Otherwise there are no repairs. */
  isUp: () => boolean;
  /** Random number from 0 to 1. */
  random: () => number;
}

const roundMs = 50;
/** After an outage each pod starts its repairs after a random delay up to this, ms. So a fleet does not start all at once. */
const startSpreadMs = 500;
/** Time before a failed repair is tried again, ms. */
const againMs = 1000;

/** Repairs dirty leases, the newest first, with a limit of repairs per second. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #turns: TokenBucket;
  /** The dirty leases, each with the time since it is dirty (ms on the pod's clock), the oldest first. */
  readonly #dirty = new Map<Repairable, number>();
  /** The leases to repair in this pass. The next one is the last. */
  #pass: Repairable[] = [];
  /** Time of the next pass over failed repairs, ms on the pod's clock. */
  #againAt = 0;
  #pausedUntil = 0;
  #end: () => void = () => {};

  constructor(options: ReconcilerOptions) {
    const { clock, perSecond } = options;
    this.#options = options;
    this.#turns = new TokenBucket(perSecond, clock.now(), Math.max(1, (2 * roundMs * perSecond) / 1000));
  }

  /** Number of dirty leases. */
  get size(): number {
    return this.#dirty.size;
  }

  /** How long the oldest dirty lease has been dirty, ms. */
  oldestMs(): number {
    for (const since of this.#dirty.values()) return this.#options.clock.now() - since;
    return 0;
  }

  start(): void {
    const { clock } = this.#options;
    this.#end = repeat(
      clock,
      () => roundMs,
      async () => this.#round(),
    );
  }

  stop(): void {
    this.#end();
  }

  mark(lease: Repairable): void {
    if (this.#dirty.has(lease)) return;
    this.#dirty.set(lease, this.#options.clock.now());
    this.#pass.push(lease);
  }

  clean(lease: Repairable): void {
    this.#dirty.delete(lease);
  }

  /** Marks all these leases as dirty, because the registry can have lost or changed entries. Repairs start after a random delay. */
  markAll(leases: Iterable<Repairable>): void {
    const { clock, random } = this.#options;
    for (const lease of leases) this.mark(lease);
    this.#beginPass(clock.now());
    this.#pausedUntil = clock.now() + random() * startSpreadMs;
  }

  /** Tries to repair all dirty leases at once, without the limit, because the pod ends. */
  flush(): void {
    for (const lease of this.#dirty.keys()) lease.repair();
  }

  #round(): void {
    const { clock, isUp } = this.#options;
    const now = clock.now();
    const isDue = now >= this.#againAt;
    if (!isUp()) {
      if (isDue) this.#forgetOver(now); // so that memory does not grow during a long outage
      return;
    }
    if (now < this.#pausedUntil) return;
    if (this.#pass.length === 0 && isDue && this.#dirty.size > 0) this.#beginPass(now);
    this.#repair(now);
  }

  #beginPass(now: number): void {
    this.#forgetOver(now);
    this.#pass = [...this.#dirty.keys()].sort((one, other) => one.claimedAt - other.claimedAt);
  }

  #forgetOver(now: number): void {
    this.#againAt = now + againMs;
    this.#pass = [];
    for (const lease of this.#dirty.keys()) if (lease.isOver) this.#dirty.delete(lease);
  }

  #repair(now: number): void {
    for (let lease = this.#pass.pop(); lease !== undefined; lease = this.#pass.pop()) {
      if (!this.#dirty.has(lease)) continue;
      if (!this.#turns.take(now)) {
        this.#pass.push(lease);
        return;
      }
      this.#againAt = now + againMs;
      lease.repair();
    }
  }
}
