import type { Clock } from '../clock.ts';
import type { Reconciler, Repairable } from './reconciler.ts';
import type { Registrar } from './registrar.ts';
import type { Claim, Entry, Registration, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';

/**
 * How a command ended. After `failed` and `unregisterFailed` the entry is unknown. After `refused` it expires soon, because its lease was not
 * extended. The reconciler repairs the entry in all three cases.
 */
export type LeaseOutcome = 'registered' | 'superseded' | 'failed' | 'refused' | 'unregistered' | 'unregisterFailed';

/** The connection that holds the lease. */
export interface LeaseHolder {
  readonly deviceId: string;
  /** Unique id of the connection. */
  readonly traceId: string;
  /** True as long as this pod has not seen the device close the connection. */
  readonly isPeerThere: boolean;
  leaseAnswered(outcome: LeaseOutcome): void;
}

/** What all leases of a pod use. */
export interface LeasePorts {
  registrar: Registrar;
  reconciler: Reconciler;
  clock: Clock;
  /** Lifetime of an entry without a refresh, ms. */
  leaseTtlMs: number;
  /** The time on the clock of the registry, ms since 1970, for a time on the clock of the pod. */
  registryTime: (at: number) => number;
  /** The address and id of this pod for its entries. Called only after the pod listens. */
  owner: () => Pick<Entry, 'serverIp' | 'port' | 'podId'>;
  /** Called when the entry of the holder has replaced an entry of another pod. */
  tookOver: (holder: LeaseHolder, previous: Entry) => void;
  onError: (error: RegistryUnavailable, holder: LeaseHolder) => void;
}

/** If the first registration is refused within this time after the connect, the cause can be a registry clock that went back, ms. */
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
   * Writes the entry or extends its lease. Writes the entry again if it is missing, and finds out about a newer connection.
   * Answers `registered`, `superseded`, `refused` or `failed`.
   */
  refresh(): void {
    if (this.#isBusy) return;
    const { registryTime } = this.#ports;
    this.#isBusy = true;
    if (this.#t === undefined) this.#claim(Math.round(registryTime(this.claimedAt)), true);
    else this.#ports.registrar.refresh(this.#holder.deviceId, this);
  }

  /** Deletes the entry of this connection, now or when the registry answers again. Answers `unregistered` or `unregisterFailed`. */
  release(): void {
    if (this.#isReleased) return;
    this.#releasedAt = this.#ports.clock.now();
    if (!this.#isBusy) this.#delete();
  }

  /** True if the lease of its last write has ended after the release. */
  get isOver(): boolean {
    const { clock, leaseTtlMs } = this.#ports;
    return this.#releasedAt !== undefined && clock.now() >= this.#releasedAt + leaseTtlMs;
  }

  /** What is known, and what a command under way may bring to light, is too old to be relied on. */
  doubt(): void {
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

  /** Handles the reply to `claim`. */
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

  /** Handles the lookup before a release. A registration that timed out can have been executed, so the entry can exist. */
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

  /** Registers with the `t` of the connect, which never changes. So a late or repeated registration never replaces a newer connection. */
  #claim(t: number, isFirst: boolean): void {
    const { registrar, owner } = this.#ports;
    const { deviceId, traceId } = this.#holder;
    const { serverIp, port, podId } = owner(); // a spread into the claim would cost a kilobyte and 4 µs per connect
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
