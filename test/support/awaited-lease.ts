import type { LeaseHolder, LeaseOutcome, LeasePorts } from '../../src/registry/lease.ts';
import { Lease } from '../../src/registry/lease.ts';
import type { Claim } from '../../src/registry/registry.ts';
import { claim } from './claim.ts';

/**
 * A connection that does nothing but hold a lease, and waits for it: each command resolves with its answer. A refresh
 * that is left out because a registration is under way resolves with the answer of that.
 */
export class AwaitedLease implements LeaseHolder {
  readonly deviceId: string;
  readonly traceId: string;
  isPeerThere = true;
  /** Every answer so far. */
  readonly outcomes: LeaseOutcome[] = [];
  readonly lease: Lease;
  #waiting: { isLeaving: boolean; resolve: (outcome: LeaseOutcome) => void }[] = [];

  constructor(ports: LeasePorts, { deviceId, traceId }: Pick<Claim, 'deviceId' | 'traceId'> = claim()) {
    this.deviceId = deviceId;
    this.traceId = traceId;
    this.lease = new Lease(ports, this);
  }

  refresh(): Promise<LeaseOutcome> {
    this.lease.refresh();
    return this.#answer(false);
  }

  release(): Promise<LeaseOutcome> {
    this.lease.release();
    return this.#answer(true);
  }

  /** Of a lease that is held or, `isLeaving`, of one that was released. */
  repair(isLeaving = false): Promise<LeaseOutcome> {
    this.lease.repair();
    return this.#answer(isLeaving);
  }

  leaseAnswered(outcome: LeaseOutcome): void {
    this.outcomes.push(outcome);
    const isLeaving = outcome === 'unregistered' || outcome === 'unregisterFailed';
    const answered = this.#waiting.filter((waiting) => waiting.isLeaving === isLeaving);
    this.#waiting = this.#waiting.filter((waiting) => waiting.isLeaving !== isLeaving);
    for (const { resolve } of answered) resolve(outcome);
  }

  #answer(isLeaving: boolean): Promise<LeaseOutcome> {
    return new Promise((resolve) => this.#waiting.push({ isLeaving, resolve }));
  }
}
