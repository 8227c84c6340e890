import { onTestFinished } from 'vitest';
import { createActor, createEmptyActor, SimulatedClock } from 'xstate';
import { connectionsLogic } from '../../machines/connections.ts';
import { Clockwork } from '../../src/clockwork.ts';
import { createAccept } from '../../src/device/accept.ts';
import { createLifeLog } from '../../src/device/life-log.ts';
import { Connections } from '../../src/device/connections.ts';
import { DeviceListener } from '../../src/device/listener.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { Reconciler } from '../../src/registry/reconciler.ts';
import { Registrar } from '../../src/registry/registrar.ts';
import { claim } from './claim.ts';

interface DeviceSideParts {
  registry?: MemoryRegistry;
  connections?: new (...supervisor: ConstructorParameters<typeof Connections>) => Connections;
}

export const leaseTtlMs = 60_000;

/** The device side of a pod, on a free port, with a clock that stands still. */
export async function startDeviceSide({ registry, connections: Kept = Connections }: DeviceSideParts = {}) {
  const clock = new SimulatedClock();
  const behind = registry ?? new MemoryRegistry(clock, leaseTtlMs);
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const connections = new Kept(createActor(connectionsLogic, { input: { parent: createEmptyActor() } }).start());
  const settings = {
    podId: 'pod-1',
    idleAfterMs: 3000,
    pingIntervalMs: 25_000,
    pongTimeoutMs: 60_000,
    refreshMs: leaseTtlMs / 3,
    maxBufferedBytes: 1_048_576,
    messagesPerSecond: 0,
    callbacksPerSecond: 0,
    reconnectSpreadMs: 0,
  };
  const { serverIp, port, podId } = claim();
  const lease = {
    registrar: new Registrar(behind),
    reconciler: new Reconciler({ clock, perSecond: 1000, isUp: () => true, random: () => 0 }),
    clock,
    leaseTtlMs,
    registryTime: (at: number) => Date.now() - (clock.now() - at),
    owner: () => ({ serverIp, port, podId }),
    tookOver: () => {},
    onError: () => {},
  };
  const listener = new DeviceListener({
    maxPayloadBytes: 1024,
    metrics,
    log,
    capacity: () => ({
      accepting: true,
      connections: 0,
      maxConnections: 0,
      isOriginAllowed: () => true,
      isHere: () => false,
      takeTurnOf: () => true,
      takeTurn: () => true,
    }),
    accept: createAccept(connections, {
      clock,
      clockwork: new Clockwork(clock),
      settings,
      keeper: connections,
      traffic: connections.traffic,
      lease,
      metrics,
      logLife: createLifeLog(log, clock),
      log,
    }),
  });
  const devicePort = await listen(listener.server, 'DEVICE_PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => listener.close());
  return { connections, registry: behind, metrics, lines, address: `127.0.0.1:${devicePort}` };
}
