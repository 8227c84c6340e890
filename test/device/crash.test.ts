import { expect, it, onTestFinished } from 'vitest';
import { createActor, createEmptyActor, SimulatedClock } from 'xstate';
import { connectionsLogic } from '../../machines/connections.ts';
import { kicked } from '../../machines/disconnect.ts';
import { Clockwork } from '../../src/clockwork.ts';
import { createAccept } from '../../src/device/accept.ts';
import { Connections } from '../../src/device/connections.ts';
import { DeviceListener } from '../../src/device/listener.ts';
import type { DeviceSocket } from '../../src/device/socket.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { claim } from '../support/claim.ts';
import { Device } from '../support/device.ts';
import { until } from '../support/until.ts';

/** A pod's connections, of which the one of device `faulty` fails when it is closed. */
class FaultyConnections extends Connections {
  #failed = false;

  override forget(socket: DeviceSocket): void {
    if (socket.deviceId === 'faulty' && !this.#failed) {
      this.#failed = true;
      throw new Error('a bug');
    }
    super.forget(socket);
  }
}

/** The device side of a pod, on a free port. */
async function startDeviceSide() {
  const clock = new SimulatedClock();
  const registry = new MemoryRegistry(clock, 60_000);
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  const connections = new FaultyConnections(
    createActor(connectionsLogic, { input: { parent: createEmptyActor() } }).start(),
  );
  const settings = {
    idleAfterMs: 3000,
    pingIntervalMs: 25_000,
    pongTimeoutMs: 60_000,
    refreshMs: 20_000,
    maxBufferedBytes: 1_048_576,
    reconnectSpreadMs: 0,
  };
  const { serverIp, port, podId } = claim();
  const listener = new DeviceListener({
    maxPayloadBytes: 1024,
    metrics,
    log,
    capacity: () => ({
      accepting: true,
      connections: 0,
      maxConnections: 0,
      isHere: () => false,
      takeTurn: () => true,
    }),
    accept: createAccept({
      connections,
      socketPorts: { clock, clockwork: new Clockwork(clock), settings, keeper: connections, metrics, log },
      leasePorts: () => ({ registry, clock, owner: { serverIp, port, podId }, onError: () => {} }),
    }),
  });
  const devicePort = await listen(listener.server, 'DEVICE_PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => listener.close());
  return { connections, registry, metrics, lines, address: `127.0.0.1:${devicePort}` };
}

it('a connection that crashes is closed with 1011 and unregistered, and its sibling lives on', async () => {
  const { connections, registry, metrics, lines, address } = await startDeviceSide();
  const [faulty, sibling] = [await Device.connect(address, 'faulty'), await Device.connect(address, 'sibling')];
  onTestFinished(() => sibling.vanish());
  await until(async () => (await registry.lookup('faulty')) && (await registry.lookup('sibling')));

  connections.get('faulty')!.close(kicked);
  const closed = await faulty.closed;
  await until(async () => !(await registry.lookup('faulty')));
  const delivery = await connections.get('sibling')!.deliver({ data: Buffer.from('hello'), binary: false });

  expect(closed).toEqual({ code: 1011, reason: 'server-error' });
  expect(connections.get('faulty')).toBeUndefined();
  expect(connections.size).toBe(1);
  expect(delivery).toBe('delivered');
  expect(connections.get('sibling')!.state).toBe('registered.active');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    msg: 'connection crashed',
    deviceId: 'faulty',
    err: { message: 'a bug' },
  });
  expect(await metrics.text()).toContain('ws_connect_closes_total{code="1011",reason="server-error"} 1');
});
