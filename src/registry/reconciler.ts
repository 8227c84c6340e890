import type { Clock } from '../base/clock.ts';
import { repeat } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';

/** A lease whose entry may not be what it should be, because a command failed or the registry was away. */
export interface Repairable {
  /** On the pod's clock: the newest are repaired first, for their devices are the most likely to be still there. */
  readonly claimedAt: number;
  /** Its entry has ended by itself meanwhile, so nothing is left to repair. */
  readonly isOver: boolean;
  /** Asks the registry once more. Tells the reconciler when all is well. */
  repair(): void;
}

export interface ReconcilerOptions {
  clock: Clock;
  /** How many leases are repaired in a second. */
  perSecond: number;
  /** Only then is anything repaired. */
  isUp: () => boolean;
  /** From 0 to 1. */
  random: () => number;
}

const roundMs = 50;
/** After an outage the pods of a fleet begin at different times, up to this late, ms. */
const startSpreadMs = 500;
/** What could not be repaired is tried again after this, ms. */
const againMs = 1000;

/** Repairs dirty leases, newest first and no faster than the registry should be asked. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #turns: TokenBucket;
  /** When each became dirty, the oldest first. */
  readonly #dirty = new Map<Repairable, number>();
  /** Whom to repair in this pass, the next one last. */
  #pass: Repairable[] = [];
  /** Not before this is what could not be repaired tried again. */
  #againAt = 0;
  #pausedUntil = 0;
  #end: () => void = () => {};

  constructor(options: ReconcilerOptions) {
    const { clock, perSecond } = options;
    this.#options = options;
    this.#turns = new TokenBucket(perSecond, clock.now(), Math.max(1, (2 * roundMs * perSecond) / 1000));
  }

  /** How many are dirty. */
  get size(): number {
    return this.#dirty.size;
  }

  /** For how long the oldest has been dirty, ms. */
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

  /** The registry may have lost or changed anything: after a random moment all of these are repaired, and what was dirty before. */
  markAll(leases: Iterable<Repairable>): void {
    const { clock, random } = this.#options;
    for (const lease of leases) this.mark(lease);
    this.#beginPass(clock.now());
    this.#pausedUntil = clock.now() + random() * startSpreadMs;
  }

  /** Repairs all that is dirty now, at once: the end of the pod does not wait. */
  flush(): void {
    for (const lease of this.#dirty.keys()) lease.repair();
  }

  #round(): void {
    const { clock, isUp } = this.#options;
    const now = clock.now();
    const isDue = now >= this.#againAt;
    if (!isUp()) {
      if (isDue) this.#forgetOver(now); // however long the outage is
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
