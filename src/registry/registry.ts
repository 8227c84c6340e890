/**
 * The registry: the shared record "which pod holds device X".
 *
 * Every adapter keeps the same promises, and one suite runs over all of them:
 * - An entry is deleted only by the connection that wrote it, or by its lease.
 * - An entry is never overwritten by an older connection's: `t` orders them.
 * - A call that rejects has an unknown outcome. It is not resent: the refresh finds out and repairs.
 */

/** One device's record. Its JSON form, with the members in this order, is what Redis holds. */
export interface Entry {
  v: 1;
  /** The pod's address, a literal IP. */
  serverIp: string;
  /** The pod's callback port. */
  port: number;
  /** The connection. */
  traceId: string;
  podId: string;
  /** Registry time at registration, ms since 1970. */
  t: number;
}

/** What a connection writes down about itself; the registry adds `t`. */
export type Claim = Omit<Entry, 'v' | 't'> & { deviceId: string };

/** One pod's record. */
export interface PodRecord {
  serverIp: string;
  port: number;
  state: 'serving' | 'draining';
  connections: number;
  /** ISO 8601 UTC. */
  startedAt: string;
}

/** `refused`: `stored` is the entry of a newer connection and was left alone. */
export type Registration =
  | { outcome: 'registered'; entry: Entry; previous: Entry | undefined }
  | { outcome: 'refused'; stored: Entry };

export interface Registry {
  /** Writes the entry with a new lease. Without `t` the registry's own clock gives it. */
  register(claim: Claim, t?: number): Promise<Registration>;
  /** Prolongs the lease of whatever entry the device has and returns it. */
  refresh(deviceId: string): Promise<Entry | undefined>;
  /** Deletes exactly this entry. False: the device had another one, or none. */
  unregister(deviceId: string, entry: Entry): Promise<boolean>;
  lookup(deviceId: string): Promise<Entry | undefined>;
  writePod(podId: string, record: PodRecord): Promise<void>;
  deletePod(podId: string): Promise<void>;
  close(): Promise<void>;
}

/** The registry did not answer, or not in time. */
export class RegistryUnavailable extends Error {
  readonly code = 'registry-unavailable';

  constructor(operation: string, cause: unknown) {
    super(`registry: ${operation} failed`, { cause });
    this.name = 'RegistryUnavailable';
  }
}

/** How long a pod's record lives without being written again, ms. */
export const podTtlMs = 15_000;
