import type { Clock } from '../base/clock.ts';
import type { Reconciler, Repairable } from './reconciler.ts';
import type { Registrar } from './registrar.ts';
import type { Claim, Entry, Registration, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';

/**
 * How a command ended. After `failed` and `unregisterFailed` the entry may be anything, and after `refused` it will not live for long;
 * the reconciler repairs it.
 */
export type LeaseOutcome = 'registered' | 'superseded' | 'failed' | 'refused' | 'unregistered' | 'unregisterFailed';

/** The connection that holds the lease. */
export interface LeaseHolder {
  readonly deviceId: string;
  /** Unlike that of every other connection. */
  readonly traceId: string;
  /** The device has not hung up, as far as this pod has heard. */
  readonly isPeerThere: boolean;
  leaseAnswered(outcome: LeaseOutcome): void;
}

/** What all leases of a pod share. */
export interface LeasePorts {
  registrar: Registrar;
  reconciler: Reconciler;
  clock: Clock;
  /** How long an entry lives that nobody refreshes. */
  leaseTtlMs: number;
  /** What the registry's clock showed at this time of the pod's, ms since 1970. */
  registryTime: (at: number) => number;
  /** This pod, as its entries name it. Asked when the pod listens. */
  owner: () => Pick<Entry, 'serverIp' | 'port' | 'podId'>;
  /** The holder's entry took the place of one that another pod had written. */
  tookOver: (holder: LeaseHolder, previous: Entry) => void;
  onError: (error: RegistryUnavailable, holder: LeaseHolder) => void;
}

/** A first registration refused within this time of the connect may be a registry clock that went back, ms. */
const youngMs = 2000;

/**
 * One connection's hold on its registry entry. One command is under way at a time: a refresh is left out while another is,
 * and a release waits, so that it finds out about a registration still under way.
 */
export class Lease implements Repairable {
  readonly claimedAt: number;
  readonly #ports: LeasePorts;
  readonly #holder: LeaseHolder;
  /** The entry's `t`, once it is known to be written: the rest of the entry never changes. */
  #t: number | undefined;
  #isBusy = false;
  /** What the command under way finds out counts no more. */
  #isOutdated = false;
  /** On the pod's clock; undefined while it is held. */
  #releasedAt: number | undefined;

  constructor(ports: LeasePorts, holder: LeaseHolder) {
    this.#ports = ports;
    this.#holder = holder;
    this.claimedAt = ports.clock.now();
  }

  /**
   * Writes the entry or prolongs its lease, writes it again if it is gone, and finds out about a newer connection.
   * Answers `registered`, `superseded`, `refused` or `failed`.
   */
  refresh(): void {
    if (this.#isBusy) return;
    const { registryTime } = this.#ports;
    this.#isBusy = true;
    if (this.#t === undefined) this.#claim(Math.round(registryTime(this.claimedAt)), true);
    else this.#ports.registrar.refresh(this.#holder.deviceId, this);
  }

  /** Deletes the entry if it is this connection's own, now or when the registry is back. Answers `unregistered` or `unregisterFailed`. */
  release(): void {
    if (this.#isReleased) return;
    this.#releasedAt = this.#ports.clock.now();
    if (!this.#isBusy) this.#delete();
  }

  /** The lease of what it wrote has ended since it was released. */
  get isOver(): boolean {
    const { clock, leaseTtlMs } = this.#ports;
    return this.#releasedAt !== undefined && clock.now() >= this.#releasedAt + leaseTtlMs;
  }

  /** What is known, and what a command under way may bring to light, is too old to be relied on. */
  markUnverified(): void {
    this.#isOutdated = this.#isBusy;
  }

  repair(): void {
    if (this.#isBusy) return;
    if (this.#isReleased) this.#delete();
    else this.refresh();
  }

  /** There is nobody to register any more. */
  get isMoot(): boolean {
    return !this.#holder.isPeerThere;
  }

  /** The registration was not sent, for it was moot. The holder will release. */
  dropped(): void {
    this.#isBusy = false;
    this.#isOutdated = false;
    if (this.#isReleased) this.#delete();
  }

  /** The reply to `claim`. */
  registered(reply: Reply<Registration>, claim: Claim): void {
    if (reply instanceof RegistryUnavailable) return this.#notDone(reply);
    if (reply.outcome === 'registered') {
      this.#t = reply.entry.t;
      const { previous } = reply;
      if (previous && previous.podId !== claim.podId) this.#ports.tookOver(this.#holder, previous);
      return this.#answer('registered');
    }
    const isYoung = this.#ports.clock.now() - this.claimedAt < youngMs;
    if (claim.isFirst && reply.isAhead && isYoung) return this.#claim(reply.stored.t + 1, false);
    this.#answer('superseded');
  }

  refreshed(reply: Reply<Entry | undefined>): void {
    if (reply instanceof RegistryUnavailable) return this.#notDone(reply);
    if (reply?.traceId === this.#holder.traceId) {
      this.#t = reply.t; // another one when a registration that timed out was carried out late
      return this.#answer('registered');
    }
    if (reply !== undefined && reply.t >= this.#t!) return this.#answer('superseded');
    this.#claim(this.#t!, false);
  }

  /** A registration that timed out may have been carried out all the same. */
  found(reply: Reply<Entry | undefined>): void {
    if (reply instanceof RegistryUnavailable) return this.#failed(reply, 'unregisterFailed');
    if (reply?.traceId !== this.#holder.traceId) return this.#answer('unregistered');
    this.#t = reply.t;
    this.#delete();
  }

  unregistered(reply: Reply<boolean>): void {
    if (reply instanceof RegistryUnavailable) return this.#failed(reply, 'unregisterFailed');
    this.#answer('unregistered');
  }

  get #isReleased(): boolean {
    return this.#releasedAt !== undefined;
  }

  /** The `t` of the connect is kept for ever: a late or repeated registration must not pass a newer connection. */
  #claim(t: number, isFirst: boolean): void {
    const { registrar, owner } = this.#ports;
    const { deviceId, traceId } = this.#holder;
    const { serverIp, port, podId } = owner(); // spread into the claim it would take a kilobyte and 4 µs of each connect
    registrar.register({ deviceId, serverIp, port, traceId, podId, t, isFirst }, this);
  }

  #delete(): void {
    const { registrar, owner } = this.#ports;
    const { deviceId, traceId } = this.#holder;
    this.#isBusy = true;
    if (this.#t === undefined) registrar.lookUp(deviceId, this);
    else registrar.unregister({ ...owner(), deviceId, traceId, t: this.#t }, this);
  }

  /** A registration or a refresh. */
  #notDone(error: RegistryUnavailable): void {
    this.#failed(error, error.result === 'refused' ? 'refused' : 'failed');
  }

  #failed(error: RegistryUnavailable, outcome: 'failed' | 'refused' | 'unregisterFailed'): void {
    this.#ports.onError(error, this.#holder);
    this.#answer(outcome);
  }

  #answer(outcome: LeaseOutcome): void {
    const { reconciler } = this.#ports;
    this.#isBusy = false;
    if (this.#isOutdated) {
      this.#isOutdated = false;
      return this.repair();
    }
    if (outcome === 'failed' || outcome === 'refused' || outcome === 'unregisterFailed') reconciler.mark(this);
    else reconciler.clean(this);
    const wasReleased = this.#isReleased;
    this.#holder.leaseAnswered(outcome);
    if (wasReleased && outcome !== 'unregistered' && outcome !== 'unregisterFailed') this.#delete();
  }
}
