import { expect, it, onTestFinished } from 'vitest';
import { kicked } from '../../machines/disconnect.ts';
import { Connections } from '../../src/connections/connections.ts';
import type { DeviceSocket } from '../../src/connections/socket.ts';
import { Device } from '../support/device.ts';
import { startDeviceSide } from '../support/device-side.ts';
import { singly } from '../support/singly.ts';
import { textMessage } from '../support/message.ts';
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

it('a connection that crashes is closed with 1011 and unregistered, and its sibling lives on', async () => {
  const { connections, metrics, lines, address, ...side } = await startDeviceSide({ connections: FaultyConnections });
  const registry = singly(side.registry);
  const [faulty, sibling] = [await Device.connect(address, 'faulty'), await Device.connect(address, 'sibling')];
  onTestFinished(() => sibling.vanish());
  await until(async () => (await registry.lookup('faulty')) && (await registry.lookup('sibling')));

  connections.get('faulty')!.close(kicked);
  const closed = await faulty.closed;
  await until(async () => !(await registry.lookup('faulty')));
  const delivery = await connections.get('sibling')!.deliver(textMessage('hello'));

  expect(closed).toEqual({ code: 1011, reason: 'server-error' });
  expect(connections.get('faulty')).toBeUndefined();
  expect(connections.size).toBe(1);
  expect([...connections.stateCounts.countByState()]).toEqual([['registered.active', 1]]);
  expect(delivery).toBe('delivered');
  expect(connections.get('sibling')!.state).toBe('registered.active');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    msg: 'connection crashed',
    deviceId: 'faulty',
    err: { message: 'a bug' },
  });
  expect(await metrics.text()).toContain('ws_connect_closes_total{code="1011",reason="server-error"} 1');
});
