import { onTestFinished } from 'vitest';
import { SimulatedClock } from 'xstate';
import type { Accepted, Connections } from '../../src/connections/connections.ts';
import { createAccept } from '../../src/connections/connections.ts';
import { DeviceListener } from '../../src/device/listener.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { createDeviceSide, testLeaseTtlMs } from '../../src/testing/device-side.ts';

interface DeviceSideParts {
  registry?: MemoryRegistry;
  connections?: typeof Connections;
  maxPayloadBytes?: number;
  /** Is shown each connection right after its upgrade. */
  accepted?: (accepted: Accepted) => void;
}

/** The device side of a pod, on a free port, with a clock that stands still. */
export async function startDeviceSide(parts: DeviceSideParts = {}) {
  const { registry, connections: Kept, maxPayloadBytes = 1024, accepted = () => {} } = parts;
  const clock = new SimulatedClock();
  const behind = registry ?? new MemoryRegistry(clock, testLeaseTtlMs);
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const { connections, context } = createDeviceSide({ clock, registry: behind, metrics, log, Kept });
  const accept = createAccept(connections, context);
  const listener = new DeviceListener({
    maxPayloadBytes,
    metrics,
    isReady: () => true,
    log,
    policy: () => ({
      accepting: true,
      connections: 0,
      maxConnections: 0,
      isOriginAllowed: () => true,
      isHere: () => false,
      takeFromAddressLimit: () => true,
      takeFromPodLimit: () => true,
    }),
    contest: () => undefined,
    accept(one) {
      accept(one);
      accepted(one);
    },
  });
  const devicePort = await listen(listener.server, 'DEVICE_PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => listener.close());
  return { connections, registry: behind, metrics, lines, address: `127.0.0.1:${devicePort}` };
}
