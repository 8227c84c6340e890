/** The registry under test: a real Redis in one of its three forms, watched, with the faults that it knows. */
import type { Entry } from '../../../src/registry/registry.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';

export const modes = ['single', 'sentinel', 'cluster'] as const;
export type Mode = (typeof modes)[number];

export const prefix = 'ws-connect';

/** How one pod reaches the registry. */
export interface RegistryLine {
  /** Its `REDIS_URL`. */
  url: string;
  /** Only where all goes to one address: Sentinel and Cluster name the servers themselves. */
  proxy: TcpProxy | undefined;
}

export interface RegistryStage {
  readonly mode: Mode;
  /** A line of its own for one more pod. */
  lineFor(): Promise<RegistryLine>;
  /** As a service looks a device up. Rejects while the registry does not answer. */
  lookup(deviceId: string): Promise<Entry | undefined>;
  /** Resolves once every server is up and agrees with the others. */
  settled(): Promise<void>;
  /** Rejects when a server did what the recording cannot follow. */
  stop(): Promise<void>;
}

/** The key of a device. */
export function deviceKey(deviceId: string): string {
  return `${prefix}:device:{${deviceId}}`;
}

/** Null, or what no pod has written, is no entry. */
export function entryOf(text: string | null): Entry | undefined {
  return text === null ? undefined : (JSON.parse(text) as Entry);
}

/** A client that would rather fail than wait, as that of a service that has another way to its device. */
export const impatient = {
  commandTimeout: 1000,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  retryStrategy: () => 100,
};
