import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { ask, countedCloses, metric, push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import type { Fleet, FleetPod } from '../support/fleet.ts';
import { startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000 }); // several processes on a machine that may be busy

const settledCount = 300;
const newcomerCount = 40;
const hopperCount = 30;
const leaverCount = 30;

interface Outage {
  begin(fleet: Fleet): Promise<void> | void;
  end(fleet: Fleet): Promise<void> | void;
  /** At least, ms. */
  lastsMs: number;
}

const killed: Outage = {
  begin: (fleet) => fleet.killRedis(),
  end: (fleet) => fleet.restartRedis(),
  lastsMs: 2500,
};

const halted: Outage = {
  begin: ({ redis }) => void process.kill(redis.pid, 'SIGSTOP'),
  end: ({ redis }) => void process.kill(redis.pid, 'SIGCONT'),
  lastsMs: 4000,
};

interface Visitor {
  deviceId: string;
  pod: FleetPod;
  device: Device;
}

it.each([
  ['killed, and comes back with nothing in it', killed],
  ['halted for four seconds, and may carry out late what it was sent', halted],
])('Redis is %s: nobody is cut off, and afterwards every entry is right', async (_, outage) => {
  const fleet = await startFleet(2, { LEASE_TTL_MS: '30000' });
  const [one, other] = fleet.pods as [FleetPod, FleetPod];
  const settled = await connectAll(fleet, 'settled', settledCount);
  const leaving = await connectAll(fleet, 'leaver', leaverCount);
  const moving = await connectAll(fleet, 'hopper', hopperCount);
  await until(async () => (await fleet.entries()).length === settledCount + leaverCount + hopperCount);

  await outage.begin(fleet);
  const atLeast = sleep(outage.lastsMs);
  const newcomers = await connectAll(fleet, 'newcomer', newcomerCount);
  const leave = (some: Visitor[]) => Promise.all(some.map(({ device }) => device.close()));
  await leave(leaving.slice(0, leaverCount / 2));
  const moved = await Promise.all(
    moving.map(async ({ deviceId, pod }) => connect(deviceId, pod === one ? other : one)),
  );
  await until(async () => (await sum(fleet, 'ws_connect_registry_up')) === 0);
  await leave(leaving.slice(leaverCount / 2));
  await until(async () => (await sum(fleet, 'ws_connect_registry_dirty_connections')) >= newcomerCount + hopperCount);
  const unregistered = await sum(fleet, 'ws_connect_registry_unregistered_connections');
  const local = await Promise.all([...newcomers, ...moved].map(({ pod, deviceId }) => push(pod.callback, deviceId)));
  const elsewhere = await push(other.callback, settled.find(({ pod }) => pod === one)!.deviceId);
  await atLeast;
  await outage.end(fleet);
  const restoredAt = performance.now();

  expect(unregistered).toBe(newcomerCount + hopperCount);
  expect(new Set(local.map(({ status }) => status))).toEqual(new Set([200]));
  expect(elsewhere).toMatchObject({ status: 503, json: { code: 'registry-unavailable' } });
  expect(elsewhere.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  const closes = await Promise.all(moving.map(({ device }) => device.closed));
  expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([4509]));
  await until(async () => (await sum(fleet, 'ws_connect_registry_dirty_connections')) === 0);
  expect(performance.now() - restoredAt).toBeLessThan(15_000);
  await expectEntries(fleet, [...settled, ...newcomers, ...moved]);
  const counted = await countedCloses(fleet.pods, hopperCount + leaverCount);
  expect(counted).toEqual({ '4509 superseded': hopperCount, '1005 peer': leaverCount });
  expect(await sum(fleet, 'ws_connect_registry_up')).toBe(2);
  expect(await sum(fleet, 'ws_connect_registry_unregistered_connections')).toBe(0);
});

async function connect(deviceId: string, pod: FleetPod): Promise<Visitor> {
  return { deviceId, pod, device: await Device.connect(pod.device, deviceId) };
}

/** In turn to each pod. */
function connectAll({ pods }: Fleet, name: string, count: number): Promise<Visitor[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => connect(`${name}-${index}`, pods[index % 2]!)));
}

/** Of one gauge over all pods. */
async function sum({ pods }: Fleet, series: string): Promise<number> {
  const values = await Promise.all(pods.map(({ admin }) => metric(admin, series)));
  return values.reduce((total, value) => total + value, 0);
}

/** There is an entry for each of these, it names this very connection, and there is no other. */
async function expectEntries(fleet: Fleet, visitors: Visitor[]): Promise<void> {
  const expected = await Promise.all(
    visitors.map(async ({ deviceId, pod }) => {
      const { headers } = await ask(pod.callback, `/connections/${deviceId}`, { headers: { 'Ws-Connect-Hop': '1' } });
      return { deviceId, podId: pod.podId, etag: headers.etag };
    }),
  );
  const found = await Promise.all(
    visitors.map(async ({ deviceId }) => {
      const entry = await fleet.entry(deviceId);
      return { deviceId, podId: entry?.podId, etag: `"${entry?.traceId}"` };
    }),
  );
  expect(found).toEqual(expected);
  expect(await fleet.entries()).toHaveLength(visitors.length);
  expect(visitors.filter(({ device: { socket } }) => socket.readyState !== socket.OPEN)).toEqual([]);
}
