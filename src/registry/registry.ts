/**
 * The registry: the shared store that says which pod holds which device.
 *
 * Every adapter keeps these promises. One test suite runs over all adapters:
 * - Only the connection that wrote an entry deletes it. Otherwise it expires with its lease.
 * - An older connection never overwrites the entry of a newer one. `t` orders them.
 * - A command without an answer has an unknown outcome. It is never sent again. The next refresh finds the entry and repairs it.
 */
import type { Entry } from '@ws-connect/callback-client/internal/entry';

export type { Entry };

/** The entry that a connection wants to write. `isFirst`: the connection knows of no entry of its own. */
export type Claim = Omit<Entry, 'v'> & { deviceId: string; isFirst: boolean };

/** An entry that was written, with its deviceId. */
export type Hold = Omit<Entry, 'v'> & { deviceId: string };

/** The record of one pod. */
export interface PodRecord {
  serverIp: string;
  port: number;
  state: 'serving' | 'draining';
  connections: number;
  /** ISO 8601 UTC. */
  startedAt: string;
}

/** The record of a pod, with its podId. */
export interface KnownPod extends PodRecord {
  podId: string;
}

/** `refused`: `stored`, the entry of a newer connection, was kept. `isAhead`: its `t` is in the future, so the registry clock went back. */
export type Registration =
  | { outcome: 'registered'; entry: Entry; previous: Entry | undefined }
  | { outcome: 'refused'; stored: Entry; isAhead: boolean };

/** The result of one command of a batch. */
export type Reply<T> = T | RegistryUnavailable;

/** Facts about a registry server. */
export interface RegistryFacts {
  /**
   * What the server does when its memory is full. `noeviction`: it keeps all entries. Any other value, such as `volatile-lru`: it deletes
   * some. Undefined: unknown.
   */
  evictionPolicy: string | undefined;
}

/** The port of the registry. The first four methods take many commands, resolve with one reply for each in the same order, and never reject. */
export interface Registry {
  /** Writes entries with a new lease. */
  register(claims: readonly Claim[]): Promise<Reply<Registration>[]>;
  /** Extends the lease of the current entry of each device, and returns the entry. */
  refresh(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]>;
  /** Deletes exactly these entries. False: the device has another entry or none. */
  unregister(holds: readonly Hold[]): Promise<Reply<boolean>[]>;
  lookup(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]>;
  /** Time on the clock of the registry, ms since 1970. It is the same for all pods. */
  time(): Promise<number>;
  /** How many of `count` closes the pod is allowed to make now, so that all draining pods together make at most `perSecond`. */
  grantCloses(count: number, perSecond: number): Promise<number>;
  writePod(podId: string, record: PodRecord): Promise<void>;
  deletePod(podId: string): Promise<void>;
  /** All pods that have a record. */
  pods(): Promise<KnownPod[]>;
  close(): Promise<void>;
}

/** A registry with a self-test. */
export interface CheckedRegistry extends Registry {
  /** Tries all commands that the other methods need, on keys of no device. Rejects if one is refused, but not if the memory is full. */
  check(): Promise<RegistryFacts>;
}

/** The registry did not answer in time, or answered with an error. */
export class RegistryUnavailable extends Error {
  readonly code = 'registry-unavailable';
  /**
   * `unknown`: the registry may have executed the command, or may still execute it. `failed`: it did not and will not. `refused`: it did
   * not and will not, but it executes other commands.
   */
  readonly result: 'failed' | 'refused' | 'unknown';
  readonly operation: string;
  /** True if the memory of the registry is full. Commands that need no memory still work. */
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

/** If the `t` of an entry is this far ahead of the registry clock, that clock went back, ms. The clocks of pods differ by less. */
export const wentBackMs = 100;

/** How long unused closes are kept, ms. Each pod asks every 50 ms. */
export const closesKeptMs = 100;

/** Lifetime of the record of a pod without a new write, ms. */
export const podTtlMs = 15_000;
