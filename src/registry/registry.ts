/**
 * The registry: the shared record "which pod holds device X".
 *
 * Every adapter keeps the same promises, and one suite runs over all of them:
 * - An entry is deleted only by the connection that wrote it, or by its lease.
 * - An entry is never overwritten by an older connection's: `t` orders them.
 * - A command without an answer has an unknown outcome. It is not resent: the refresh finds out and repairs.
 */
import type { Entry } from '@ws-connect/callback-client/internal/entry';

export type { Entry };

/** What a connection writes down about itself. `isFirst`: it has no entry yet as far as it knows. */
export type Claim = Omit<Entry, 'v'> & { deviceId: string; isFirst: boolean };

/** An entry as it was written, and whose. */
export type Hold = Omit<Entry, 'v'> & { deviceId: string };

/** One pod's record. */
export interface PodRecord {
  serverIp: string;
  port: number;
  state: 'serving' | 'draining';
  connections: number;
  /** ISO 8601 UTC. */
  startedAt: string;
}

/** A pod's record, and whose it is. */
export interface KnownPod extends PodRecord {
  podId: string;
}

/** `refused`: `stored` is the entry of a newer connection and was left alone. `isAhead`: the registry's clock must have gone back since. */
export type Registration =
  | { outcome: 'registered'; entry: Entry; previous: Entry | undefined }
  | { outcome: 'refused'; stored: Entry; isAhead: boolean };

/** What became of one command of a batch. */
export type Reply<T> = T | RegistryUnavailable;

/** What a registry says of itself. */
export interface RegistryFacts {
  /**
   * What it does with entries when it is full: `noeviction`, nothing; by any other name, such as `volatile-lru`, it drops some.
   * Undefined: that cannot be learned.
   */
  evictionPolicy: string | undefined;
}

/** The first four take many commands at once, give one reply for each in the same order, and never reject. */
export interface Registry {
  /** Writes entries with a new lease. */
  register(claims: readonly Claim[]): Promise<Reply<Registration>[]>;
  /** Prolongs the lease of whatever entry each device has and returns it. */
  refresh(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]>;
  /** Deletes exactly these entries. False: the device had another one, or none. */
  unregister(holds: readonly Hold[]): Promise<Reply<boolean>[]>;
  lookup(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]>;
  /** Its own clock, ms since 1970. The same for all pods. */
  time(): Promise<number>;
  /** How many of `count` closes the caller may make now so that all draining pods together make `perSecond`. */
  grantCloses(count: number, perSecond: number): Promise<number>;
  writePod(podId: string, record: PodRecord): Promise<void>;
  deletePod(podId: string): Promise<void>;
  /** Every pod with a record. */
  pods(): Promise<KnownPod[]>;
  close(): Promise<void>;
}

/** A registry that can be tried. */
export interface CheckedRegistry extends Registry {
  /** Tries whatever the others need, on keys of no device. Rejects when something is refused; that there is no room is no reason. */
  check(): Promise<RegistryFacts>;
}

/** The registry did not answer, or not in time, or with an error. */
export class RegistryUnavailable extends Error {
  readonly code = 'registry-unavailable';
  /**
   * `unknown`: the command may have been carried out, or may still be. `failed`: it was not, and will not be. `refused`: nor
   * was this one, but others would be.
   */
  readonly result: 'failed' | 'refused' | 'unknown';
  readonly operation: string;
  /** It was refused because the registry has no room for it. What needs none goes on. */
  readonly isForRoom: boolean;

  constructor(
    operation: string,
    cause: unknown,
    result: 'failed' | 'refused' | 'unknown' = 'failed',
    isForRoom = false,
  ) {
    super(`registry: ${operation} failed`, { cause });
    this.name = 'RegistryUnavailable';
    this.operation = operation;
    this.result = result;
    this.isForRoom = isForRoom;
  }
}

/** An entry's `t` this far ahead of the registry's clock is no pod's small error, but a clock that went back, ms. */
export const wentBackMs = 100;

/** Closes that nobody made are kept for this long, ms: pods ask in turns, each every 50 ms. */
export const closesKeptMs = 100;

/** How long a pod's record lives without being written again, ms. */
export const podTtlMs = 15_000;
