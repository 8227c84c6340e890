import type { Clock } from './base/clock.ts';
import type { Clockwork } from './base/clockwork.ts';
import type { Config } from './config.ts';
import type { Logger } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';

/** What every part of one pod uses. Two pods of one process share none of it but the clock. */
export interface PodContext {
  readonly config: Config;
  readonly clock: Clock;
  /** Calls each connection when one of its deadlines has come. */
  readonly clockwork: Clockwork;
  /** Writes the `podId` with every line. */
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** How other pods and services know a pod. */
export interface Self {
  podId: string;
  serverIp: string;
  /** The port where others reach its callback listener. Asked once the pod listens. */
  port: () => number;
}
