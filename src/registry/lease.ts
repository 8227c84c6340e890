import type { Clock } from '../base/clock.ts';
import type { Reconciler, Repairable } from './reconciler.ts';
import type { Registrar } from './registrar.ts';
import type { Claim, Entry, Registration, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';
import type { LeaseEvent } from './lease-state.ts';
import { newLease, nextLeaseState } from './lease-state.ts';

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

/** One connection's hold on its registry entry. What it does next is decided by `nextLeaseState`. */
export class Lease implements Repairable {
  readonly claimedAt: number;
  readonly #ports: LeasePorts;
  readonly #holder: LeaseHolder;
  #state = newLease;
  /** The `t` of the entry once the state says `written`: the rest of the entry never changes. */
  #t: number | undefined;
  /** When the connection ended, ms on the pod's clock; Infinity while it is open. */
  #releasedAt = Infinity;

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
    this.#on('refresh');
  }

  /** Deletes the entry of this connection, now or when the registry answers again. Answers `unregistered` or `unregisterFailed`. */
  release(): void {
    if (this.#releasedAt === Infinity) this.#releasedAt = this.#ports.clock.now();
    this.#on('release');
  }

  /** True if the lease of its last write has ended after the release. */
  get isOver(): boolean {
    const { clock, leaseTtlMs } = this.#ports;
    return clock.now() >= this.#releasedAt + leaseTtlMs;
  }

  /** The pod stalled: the answer to a command that is under way is too old to be relied on. */
  markUnverified(): void {
    this.#on('stalled');
  }

  repair(): void {
    this.#on('repair');
  }

  /** The device has hung up, so there is nothing to register any more. */
  get isMoot(): boolean {
    return !this.#holder.isPeerThere;
  }

  /** The registration was not sent, because the device has hung up. The holder will release, or has done so. */
  dropped(): void {
    this.#on('answered');
    if (this.#state.hold === 'released') this.#on('repair');
  }

  /** Handles the reply to `claim`. */
  registered(reply: Reply<Registration>, claim: Claim): void {
    if (reply instanceof RegistryUnavailable) return this.#notDone(reply);
    if (reply.outcome === 'registered') {
      this.#written(reply.entry.t);
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
      this.#written(reply.t); // another one when a registration that timed out was carried out late
      return this.#answer('registered');
    }
    if (reply !== undefined && reply.t >= this.#t!) return this.#answer('superseded');
    this.#on('missing');
  }

  /** Handles the lookup before a release. A registration that timed out can have been executed, so the entry can exist. */
  found(reply: Reply<Entry | undefined>): void {
    if (reply instanceof RegistryUnavailable) return this.#failed(reply, 'unregisterFailed');
    if (reply?.traceId !== this.#holder.traceId) return this.#answer('unregistered');
    this.#t = reply.t;
    this.#on('found');
  }

  unregistered(reply: Reply<boolean>): void {
    if (reply instanceof RegistryUnavailable) return this.#failed(reply, 'unregisterFailed');
    this.#answer('unregistered');
  }

  /** Gives the command that the next state has, if that is another one. */
  #on(event: LeaseEvent): void {
    const { command } = this.#state;
    this.#state = nextLeaseState(this.#state, event);
    if (this.#state.command !== command) this.#give();
  }

  #give(): void {
    const { registrar, owner, registryTime } = this.#ports;
    const { deviceId, traceId } = this.#holder;
    switch (this.#state.command) {
      case 'claiming':
        if (this.#t === undefined) this.#claim(Math.round(registryTime(this.claimedAt)), true);
        else this.#claim(this.#t, false);
        break;
      case 'refreshing':
        registrar.refresh(deviceId, this);
        break;
      case 'finding':
        registrar.lookUp(deviceId, this);
        break;
      case 'deleting':
        registrar.unregister({ ...owner(), deviceId, traceId, t: this.#t! }, this);
        break;
      case 'idle':
        break;
    }
  }

  /** Registers with the `t` of the connect, which never changes. So a late or repeated registration never replaces a newer connection. */
  #claim(t: number, isFirst: boolean): void {
    const { registrar, owner } = this.#ports;
    const { deviceId, traceId } = this.#holder;
    const { serverIp, port, podId } = owner(); // a spread into the claim would cost a kilobyte and 4 µs per connect
    registrar.register({ deviceId, serverIp, port, traceId, podId, t, isFirst }, this);
  }

  #written(t: number): void {
    this.#t = t;
    this.#on('written');
  }

  /** A registration or a refresh failed. */
  #notDone(error: RegistryUnavailable): void {
    this.#failed(error, error.result === 'refused' ? 'refused' : 'failed');
  }

  #failed(error: RegistryUnavailable, outcome: 'failed' | 'refused' | 'unregisterFailed'): void {
    this.#ports.onError(error, this.#holder);
    this.#answer(outcome);
  }

  #answer(outcome: LeaseOutcome): void {
    const { reconciler } = this.#ports;
    const { answer, hold } = this.#state;
    this.#on('answered');
    if (answer === 'outdated') return this.repair();
    if (outcome === 'failed' || outcome === 'refused' || outcome === 'unregisterFailed') reconciler.mark(this);
    else reconciler.clean(this);
    this.#holder.leaseAnswered(outcome);
    if (hold === 'released' && outcome !== 'unregistered' && outcome !== 'unregisterFailed') this.repair();
  }
}
