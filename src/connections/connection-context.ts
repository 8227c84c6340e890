import type { Disconnect } from '../../machines/disconnect.ts';
import type { Config } from '../config.ts';
import type { PodContext } from '../context.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { LeasePorts } from '../registry/lease.ts';
import type { EndedConnection } from './end-log.ts';
import type { StateCounts } from './state-counts.ts';

/** The settings that a connection uses. */
export type ConnectionSettings = Pick<
  Config,
  | 'podId'
  | 'idleAfterMs'
  | 'pingIntervalMs'
  | 'pongTimeoutMs'
  | 'leaseTtlMs'
  | 'maxBufferedBytes'
  | 'messagesPerConnectionPerSecond'
  | 'callbacksPerDevicePerSecond'
  | 'reconnectSpreadMs'
>;

/** Where the pod keeps its connections. */
export interface ConnectionTable {
  readonly stateCounts: StateCounts;
  /** The connection gets no callback any more. */
  forget(connection: EndedConnection): void;
  /** The connection has ended. */
  end(connection: EndedConnection): void;
}

/** What all connections of a pod share. */
export interface ConnectionContext extends Omit<PodContext, 'config' | 'metrics'> {
  readonly config: ConnectionSettings;
  readonly metrics: Pick<Metrics, 'closed'>;
  readonly table: ConnectionTable;
  readonly lease: LeasePorts;
  /** Writes the log line of a connection that has ended. */
  readonly logEnd: (ended: EndedConnection, disconnect: Disconnect) => void;
}
