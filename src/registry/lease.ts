import type { Clock } from '../clock.ts';
import type { Claim, Registry } from './registry.ts';

export type LeaseOutcome = 'registered' | 'superseded' | 'failed';

/** What all leases of a pod share. */
export interface LeasePorts {
  registry: Registry;
  clock: Clock;
  /** This pod, as its entries name it. */
  owner: Omit<Claim, 'deviceId' | 'traceId'>;
  onError(error: unknown, connection: Pick<Claim, 'deviceId' | 'traceId'>): void;
}

/** A first registration refused within this time of the connect is a registry clock that went back, ms. */
const youngMs = 2000;

/**
 * One connection's hold on its registry entry. Its commands run one after another, so that an `unregister` finds out
 * about a `register` still under way. No method rejects: trouble goes to `onError` and is the outcome `failed`.
 */
export class Lease {
  readonly deviceId: string;
  readonly traceId: string;
  readonly #ports: LeasePorts;
  readonly #claimedAt: number;
  /** The entry's `t`, once it is known to be written: the rest of the entry never changes. */
  #t: number | undefined;
  /** The last command under way. */
  #last: Promise<unknown> | undefined;

  constructor(ports: LeasePorts, { deviceId, traceId }: Pick<Claim, 'deviceId' | 'traceId'>) {
    this.#ports = ports;
    this.#claimedAt = ports.clock.now();
    this.deviceId = deviceId;
    this.traceId = traceId;
  }

  register(): Promise<LeaseOutcome> {
    return this.#inTurn(() => this.#claim());
  }

  /** Prolongs the lease, writes the entry again if it is gone, and finds out about a newer connection. */
  refresh(): Promise<LeaseOutcome> {
    return this.#inTurn(async () => {
      if (this.#t === undefined) return this.#claim();
      const stored = await this.#ports.registry.refresh(this.deviceId);
      if (stored?.traceId === this.traceId) {
        this.#t = stored.t; // another one when a registration that timed out was carried out late
        return 'registered';
      }
      return stored !== undefined && stored.t >= this.#t ? 'superseded' : this.#claim();
    });
  }

  unregister(): Promise<'unregistered' | 'failed'> {
    return this.#inTurn(async () => {
      const { registry, owner } = this.#ports;
      const t = this.#t ?? (await this.#findMine());
      if (t !== undefined) await registry.unregister(this.deviceId, { v: 1, ...owner, traceId: this.traceId, t });
      this.#t = undefined;
      return 'unregistered' as const;
    });
  }

  /** The `t` of the first registration is kept for ever: a re-registration must not pass a newer connection. */
  async #claim(): Promise<LeaseOutcome> {
    const { registry, owner, clock } = this.#ports;
    const claim = { ...owner, deviceId: this.deviceId, traceId: this.traceId };
    let answer = await registry.register(claim, this.#t);
    if (answer.outcome === 'refused' && this.#t === undefined && clock.now() - this.#claimedAt < youngMs) {
      answer = await registry.register(claim, answer.stored.t + 1);
    }
    if (answer.outcome === 'refused') return 'superseded';
    this.#t = answer.entry.t;
    return 'registered';
  }

  /** A registration that timed out may have been carried out all the same. */
  async #findMine(): Promise<number | undefined> {
    const stored = await this.#ports.registry.lookup(this.deviceId);
    return stored?.traceId === this.traceId ? stored.t : undefined;
  }

  async #run<T>(run: () => Promise<T>, before: Promise<unknown> | undefined): Promise<T | 'failed'> {
    if (before) await before;
    try {
      return await run();
    } catch (error) {
      this.#ports.onError(error, this);
      return 'failed';
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T | 'failed'> {
    const turn = this.#run(run, this.#last);
    this.#last = turn;
    return turn;
  }
}
