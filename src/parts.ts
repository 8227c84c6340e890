import type { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { Self } from './callback/owners.ts';
import type { Clock } from './clock.ts';
import type { Clockwork } from './clockwork.ts';
import type { Config } from './config.ts';
import type { FreezeWatch } from './freeze-watch.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { SocketShares } from './open-files.ts';
import type { Registration } from './registry/registration.ts';
import type { Tracing } from './tracing/tracing.ts';

/** The ports listened on, which are the configured ones or, for 0, any free ones. */
export interface Ports {
  devicePort: number;
  callbackPort: number;
  adminPort: number;
}

/** What a pod's listeners share. */
export interface Parts {
  config: Config;
  /** ISO 8601 UTC. */
  startedAt: string;
  clock: Clock;
  clockwork: Clockwork;
  log: Logger;
  metrics: Metrics;
  freezeWatch: FreezeWatch;
  registration: Registration;
  podClient: PodClient;
  /** This pod, as entries, other pods and services know it. */
  self: Self;
  sockets: SocketShares;
  /** Requests without an end are to come to one. */
  closing: AbortSignal;
  tracing: Tracing | undefined;
}
