import { randomBytes, randomInt } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { DrainReport } from '../../src/drain/drain-report.ts';
import { Device } from '../support/device.ts';
import type { ReceivedClose } from '../support/device.ts';
import type { Fleet, FleetPod } from '../support/fleet.ts';
import { push, startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';

const deviceCount = 600;
const talkerCount = 20;
const drainSettings = { IDLE_AFTER_MS: '600', DRAIN_SWEEPS: '8', DRAIN_INTERVAL_MS: '250', DRAIN_MIN_BATCH: '10' };

interface Customer {
  deviceId: string;
  pod: FleetPod;
  device: Device;
}

it('a service that looks the device up in Redis reaches every device of the fleet, and no other, byte for byte', async () => {
  const fleet = await startFleet(3);
  const customers = await connectAll(fleet);

  const sent = await pushToAll(customers, async ({ deviceId }) => {
    const entry = await fleet.entry(deviceId);
    return `http://${entry!.serverIp}:${entry!.port}`;
  });

  expect(sent.map(({ status }) => status)).toEqual(customers.map(() => 200));
  await expectExactly(sent);
});

it('a service that asks any pod reaches every device of the fleet, and no other, byte for byte', async () => {
  const fleet = await startFleet(3);
  const customers = await connectAll(fleet);

  const sent = await pushToAll(customers, () => anyOf(fleet.pods).callback);

  expect(sent.map(({ status }) => status)).toEqual(customers.map(() => 200));
  expect(sent.map(({ owner }) => owner)).toEqual(customers.map(({ pod }) => pod.callback.replace('http://', '')));
  await expectExactly(sent);
});

it('a pod drains while a tenth of its devices talk, and every device is reachable afterwards', async () => {
  const fleet = await startFleet(3, drainSettings);
  const customers = await connectAll(fleet);
  const [leaving] = fleet.pods as [FleetPod];
  const moving = customers.filter(({ pod }) => pod === leaving);
  const talkers = new Set(moving.slice(0, talkerCount));
  for (const { device } of talkers) keepTalking(device);
  await until(async () => (await countIdle(leaving)) === moving.length - talkerCount);
  const moves = moveWhenClosed(moving, fleet.others(leaving));

  const answer = await fetch(`${leaving.admin}/pre-stop`);

  expect(answer.status).toBe(200);
  const report = (await answer.json()) as DrainReport;
  expect(report).toMatchObject({
    podId: leaving.podId,
    outcome: 'drained',
    sweeps: 8,
    closedIdle: moving.length - talkerCount,
    closedActive: talkerCount,
    remaining: 0,
  });
  expect(report.durationMs).toBeGreaterThanOrEqual(8 * 250);
  expect(report.durationMs).toBeLessThan(9 * 250 + 2000);
  expect(await leaving.process.exited).toEqual({ code: 0, signal: null });
  const moved = await Promise.all(moves.arrivals);
  expectPoliteCloses(moves.closes);
  expect(new Set(moves.order.slice(-talkerCount))).toEqual(talkers);
  const home = [...customers.filter(({ pod }) => pod !== leaving), ...moved];
  await until(async () => (await fleet.entries()).length === deviceCount);
  expect(await fleet.entriesOf(leaving)).toEqual([]);
  expect(await fleet.redis.client.exists(`ws-connect:pod:${leaving.podId}`)).toBe(0);
  const sent = await pushToAll(home, () => anyOf(fleet.others(leaving)).callback);
  expect(sent.map(({ status }) => status)).toEqual(home.map(() => 200));
  await expectExactly(sent);
});

it('a draining pod still delivers to the devices it holds, and lets no new one in', async () => {
  const fleet = await startFleet(2, drainSettings);
  const [leaving, staying] = fleet.pods as [FleetPod, FleetPod];
  const talker = await Device.connect(leaving.device, 'talker');
  keepTalking(talker);
  await fleet.registered('talker', leaving);
  const preStop = fetch(`${leaving.admin}/pre-stop`);
  await leaving.process.logged('drain began');

  const answer = await push(staying.callback, 'talker', Buffer.from('still there?'));
  const newcomer = Device.connect(leaving.device, 'newcomer');

  expect(answer.status).toBe(200);
  expect(await talker.received(1)).toEqual([{ data: Buffer.from('still there?'), binary: true }]);
  await expect(newcomer).rejects.toThrow('503');
  expect((await preStop).status).toBe(200);
  expect(await leaving.process.exited).toEqual({ code: 0, signal: null });
});

/** Connects all devices in turn to the pods, and waits until each has its entry. */
async function connectAll(fleet: Fleet): Promise<Customer[]> {
  const customers = await Promise.all(
    Array.from({ length: deviceCount }, async (_, index) => {
      const deviceId = `device-${index}`;
      const pod = fleet.pods[index % fleet.pods.length]!;
      return { deviceId, pod, device: await Device.connect(pod.device, deviceId) };
    }),
  );
  await until(async () => (await fleet.entries()).length === deviceCount);
  return customers;
}

/** Pushes other random bytes to each device, through the pod at the base URL that `route` picks. */
function pushToAll(customers: Customer[], route: (customer: Customer) => string | Promise<string>) {
  return Promise.all(
    customers.map(async (customer) => {
      const body = randomBytes(randomInt(16, 2048));
      const { status, headers } = await push(await route(customer), customer.deviceId, body);
      return { device: customer.device, body, status, owner: headers.get('Ws-Connect-Pod') };
    }),
  );
}

/** Each device has got its own bytes and nothing else. */
async function expectExactly(sent: { device: Device; body: Buffer }[]): Promise<void> {
  await Promise.all(sent.map(({ device }) => device.received(1)));
  const wrong = sent.filter(({ device: { frames }, body }) => {
    return frames.length !== 1 || !frames[0]!.binary || !frames[0]!.data.equals(body);
  });
  expect(wrong).toEqual([]);
}

/** Every device connects to one of `refuges` as soon as it sees its close. */
function moveWhenClosed(moving: Customer[], refuges: FleetPod[]) {
  const order: Customer[] = [];
  const closes: ReceivedClose[] = [];
  const arrivals = moving.map(async (customer, index): Promise<Customer> => {
    closes.push(await customer.device.closed);
    order.push(customer);
    const pod = refuges[index % refuges.length]!;
    return { ...customer, pod, device: await Device.connect(pod.device, customer.deviceId) };
  });
  return { order, closes, arrivals };
}

/** All are told that the pod restarts, and when to come back. */
function expectPoliteCloses(closes: ReceivedClose[]): void {
  expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([1012]));
  for (const { reason } of closes) {
    const hint = JSON.parse(reason) as { reconnectAfterMs: number };
    expect(hint).toEqual({ reconnectAfterMs: expect.any(Number) });
    expect(hint.reconnectAfterMs).toBeGreaterThanOrEqual(0);
    expect(hint.reconnectAfterMs).toBeLessThanOrEqual(2000);
  }
  expect(new Set(closes.map(({ reason }) => reason)).size).toBeGreaterThan(closes.length / 2);
}

function keepTalking(device: Device): void {
  const timer = setInterval(() => device.send('still here'), 50);
  device.socket.once('close', () => clearInterval(timer));
  onTestFinished(() => clearInterval(timer));
}

async function countIdle({ admin }: FleetPod): Promise<number> {
  const answer = await fetch(`${admin}/connections?state=registered.idle&limit=1000`);
  const { connections } = (await answer.json()) as { connections: unknown[] };
  return connections.length;
}

function anyOf(pods: FleetPod[]): FleetPod {
  return pods[randomInt(pods.length)]!;
}
