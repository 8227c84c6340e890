import type { ActorOptions, AnyActorLogic } from 'xstate';
import { createActor, createEmptyActor } from 'xstate';
import { connectionsLogic } from '../../machines/connections.ts';
import type { Clock } from '../base/clock.ts';
import { Clockwork } from '../base/clockwork.ts';
import { Connections } from '../connections/connections.ts';
import { createEndLog } from '../connections/end-log.ts';
import type { ConnectionContext, ConnectionSettings } from '../connections/connection-context.ts';
import type { Logger } from '../observe/log.ts';
import { Reconciler } from '../registry/reconciler.ts';
import { Registrar } from '../registry/registrar.ts';
import type { Registry } from '../registry/registry.ts';

interface DeviceSideOptions {
  clock: Clock;
  registry: Registry;
  metrics: ConnectionContext['metrics'];
  log: Logger;
  settings?: Partial<ConnectionSettings>;
  Kept?: typeof Connections;
  inspect?: ActorOptions<AnyActorLogic>['inspect'];
}

export const testLeaseTtlMs = 60_000;
export const testPodId = 'pod-1';

/** The defaults of the program, except that a drained device may reconnect at once. */
const defaults: ConnectionSettings = {
  podId: testPodId,
  idleAfterMs: 3000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 60_000,
  leaseTtlMs: testLeaseTtlMs,
  maxBufferedBytes: 1_048_576,
  messagesPerConnectionPerSecond: 0,
  callbacksPerDevicePerSecond: 0,
  reconnectSpreadMs: 0,
};

/** The connections of a pod and their context, without any listener. The clockwork is not started. */
export function createDeviceSide(options: DeviceSideOptions) {
  const { clock, registry, metrics, log, settings, Kept = Connections, inspect } = options;
  const supervisor = createActor(connectionsLogic, { input: { parent: createEmptyActor() }, inspect });
  const connections = new Kept(supervisor.start());
  const context: ConnectionContext = {
    clock,
    clockwork: new Clockwork(clock),
    config: { ...defaults, ...settings },
    table: connections,
    lease: {
      registrar: new Registrar(registry),
      reconciler: new Reconciler({ clock, perSecond: 1000, isUp: () => true, random: () => 0 }),
      clock,
      leaseTtlMs: testLeaseTtlMs,
      registryTime: (at: number) => Date.now() - (clock.now() - at),
      owner: () => ({ serverIp: '10.0.0.1', port: 8081, podId: testPodId }),
      tookOver: () => {},
      onError: () => {},
    },
    metrics,
    logEnd: createEndLog(log, clock),
    log,
  };
  return { connections, context };
}
