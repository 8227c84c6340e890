import type { Clock } from '../clock.ts';
import type { Claim, Entry, Registry } from './registry.ts';

export type LeaseOutcome = 'registered' | 'superseded' | 'failed';

export interface LeaseOptions {
  registry: Registry;
  claim: Claim;
  clock: Clock;
  onError: (error: unknown) => void;
}

/** A first registration refused within this time of the connect is a registry clock that went back, ms. */
const youngMs = 2000;

const settled: Promise<unknown> = Promise.resolve();

/**
 * One connection's hold on its registry entry. Its commands run one after another, so that an `unregister` finds out
 * about a `register` still under way. No method rejects: trouble goes to `onError` and is the outcome `failed`.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #claimedAt: number;
  #entry: Entry | undefined;
  #last = settled;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#claimedAt = options.clock.now();
  }

  register(): Promise<LeaseOutcome> {
    return this.#inTurn(() => this.#claim());
  }

  /** Prolongs the lease, writes the entry again if it is gone, and finds out about a newer connection. */
  refresh(): Promise<LeaseOutcome> {
    return this.#inTurn(async () => {
      const mine = this.#entry;
      if (!mine) return this.#claim();
      const stored = await this.#options.registry.refresh(this.#options.claim.deviceId);
      if (stored?.traceId === mine.traceId) {
        this.#entry = stored; // with another t when a registration that timed out was carried out late
        return 'registered';
      }
      return stored && stored.t >= mine.t ? 'superseded' : this.#claim();
    });
  }

  unregister(): Promise<'unregistered' | 'failed'> {
    return this.#inTurn(async () => {
      const { registry, claim } = this.#options;
      const mine = this.#entry ?? (await this.#findMine());
      if (mine) await registry.unregister(claim.deviceId, mine);
      this.#entry = undefined;
      return 'unregistered' as const;
    });
  }

  /** The `t` of the first registration is kept for ever: a re-registration must not pass a newer connection. */
  async #claim(): Promise<LeaseOutcome> {
    const { registry, claim, clock } = this.#options;
    let answer = await registry.register(claim, this.#entry?.t);
    if (answer.outcome === 'refused' && !this.#entry && clock.now() - this.#claimedAt < youngMs) {
      answer = await registry.register(claim, answer.stored.t + 1);
    }
    if (answer.outcome === 'refused') return 'superseded';
    this.#entry = answer.entry;
    return 'registered';
  }

  /** A registration that timed out may have been carried out all the same. */
  async #findMine(): Promise<Entry | undefined> {
    const { registry, claim } = this.#options;
    const stored = await registry.lookup(claim.deviceId);
    return stored?.traceId === claim.traceId ? stored : undefined;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T | 'failed'> {
    const turn = this.#last.then(run).catch((error: unknown) => {
      this.#options.onError(error);
      return 'failed' as const;
    });
    this.#last = turn;
    return turn;
  }
}
