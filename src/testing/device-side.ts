import type { ActorOptions, AnyActorLogic } from 'xstate';
import { createActor, createEmptyActor } from 'xstate';
import { connectionsLogic } from '../../machines/connections.ts';
import type { Clock } from '../clock.ts';
import { Clockwork } from '../clockwork.ts';
import { Connections } from '../device/connections.ts';
import { createLifeLog } from '../device/life-log.ts';
import type { SocketPorts, SocketSettings } from '../device/socket-ports.ts';
import type { Logger } from '../log.ts';
import { Reconciler } from '../registry/reconciler.ts';
import { Registrar } from '../registry/registrar.ts';
import type { Registry } from '../registry/registry.ts';

interface DeviceSideOptions {
  clock: Clock;
  registry: Registry;
  metrics: SocketPorts['metrics'];
  log: Logger;
  settings?: Partial<SocketSettings>;
  Kept?: typeof Connections;
  inspect?: ActorOptions<AnyActorLogic>['inspect'];
}

export const testLeaseTtlMs = 60_000;
export const testPodId = 'pod-1';

/** The defaults of the program, but that a drained device may come back at once. */
const defaults: SocketSettings = {
  podId: testPodId,
  idleAfterMs: 3000,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 60_000,
  refreshMs: testLeaseTtlMs / 3,
  maxBufferedBytes: 1_048_576,
  messagesPerSecond: 0,
  callbacksPerSecond: 0,
  reconnectSpreadMs: 0,
};

/** The connections of a pod and what their sockets share, without anything that listens. The clockwork is not started. */
export function createDeviceSide(options: DeviceSideOptions) {
  const { clock, registry, metrics, log, settings, Kept = Connections, inspect } = options;
  const supervisor = createActor(connectionsLogic, { input: { parent: createEmptyActor() }, inspect });
  const connections = new Kept(supervisor.start());
  const ports: SocketPorts = {
    clock,
    clockwork: new Clockwork(clock),
    settings: { ...defaults, ...settings },
    keeper: connections,
    traffic: connections.traffic,
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
    logLife: createLifeLog(log, clock),
    log,
  };
  return { connections, ports };
}
