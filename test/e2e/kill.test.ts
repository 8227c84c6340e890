import { expect, it } from 'vitest';
import { Device } from '../support/device.ts';
import type { FleetPod } from '../support/fleet.ts';
import { push, startFleet } from '../support/fleet.ts';
import { until } from '../support/until.ts';

const leaseMs = 1500;
const lease = { LEASE_TTL_MS: String(leaseMs) };

it('the entries of a killed pod are gone within their lease', async () => {
  const fleet = await startFleet(2, lease);
  const [killed] = fleet.pods as [FleetPod, FleetPod];
  const deviceIds = Array.from({ length: 50 }, (_, index) => `device-${index}`);
  const devices = await Promise.all(deviceIds.map((deviceId) => Device.connect(killed.device, deviceId)));
  await until(async () => (await fleet.entriesOf(killed)).length === devices.length);

  const killedAt = performance.now();
  killed.process.signal('SIGKILL');
  await until(async () => (await fleet.entriesOf(killed)).length === 0);
  const tookMs = performance.now() - killedAt;

  expect(tookMs).toBeLessThan(leaseMs + 1000);
  const closes = await Promise.all(devices.map(({ closed }) => closed));
  expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([1006]));
  expect(await killed.process.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

it('a push to a device of a killed pod is answered 503 during the lease and 404 after it', async () => {
  const fleet = await startFleet(2, lease);
  const [killed, living] = fleet.pods as [FleetPod, FleetPod];
  const device = await Device.connect(killed.device, 'lamp-1');
  await fleet.registered('lamp-1', killed);
  killed.process.signal('SIGKILL');
  await device.closed;

  const during = await push(living.callback, 'lamp-1', Buffer.from('hello'));
  await until(async () => !(await fleet.entry('lamp-1')));
  const after = await push(living.callback, 'lamp-1', Buffer.from('hello'));

  expect(during.status).toBe(503);
  expect(during.headers.get('Retry-After')).toBe('1');
  expect(await during.json()).toMatchObject({ code: 'owner-unreachable' });
  expect(after.status).toBe(404);
  expect(await after.json()).toMatchObject({ code: 'not-connected' });
});

it('devices that moved before the kill, and devices that come back after it, stay reachable', async () => {
  const fleet = await startFleet(3, lease);
  const [killed, refuge, witness] = fleet.pods as [FleetPod, FleetPod, FleetPod];
  await Promise.all(['early', 'late', 'lost'].map((deviceId) => Device.connect(killed.device, deviceId)));
  await until(async () => (await fleet.entriesOf(killed)).length === 3);
  const early = await Device.connect(refuge.device, 'early');
  await fleet.registered('early', refuge);

  killed.process.signal('SIGKILL');
  await killed.process.exited;
  const late = await Device.connect(refuge.device, 'late');
  await fleet.registered('late', refuge);
  await until(async () => !(await fleet.entry('lost')));

  for (const [deviceId, device] of Object.entries({ early, late })) {
    const answer = await push(witness.callback, deviceId, Buffer.from(deviceId));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Ws-Connect-Pod')).toBe(refuge.callback.replace('http://', ''));
    expect(await device.received(1)).toEqual([{ data: Buffer.from(deviceId), binary: true }]);
  }
});

it.each([
  ['says goodbye', (device: Device) => void device.close()],
  ['vanishes', (device: Device) => device.vanish()],
])('an old connection that %s late leaves the entry of the newer one alone', async (_, leave) => {
  const fleet = await startFleet(2, { LOG_LEVEL: 'debug' });
  const [before, after] = fleet.pods as [FleetPod, FleetPod];
  const older = await Device.connect(before.device, 'lamp-1');
  await fleet.registered('lamp-1', before);
  const newer = await Device.connect(after.device, 'lamp-1');
  await fleet.registered('lamp-1', after);
  const entry = await fleet.entry('lamp-1');

  leave(older);
  await before.process.logged('connection ended');

  expect(await fleet.entry('lamp-1')).toEqual(entry);
  const answer = await push(before.callback, 'lamp-1', Buffer.from('hello'));
  expect(answer.status).toBe(200);
  expect(await newer.received(1)).toEqual([{ data: Buffer.from('hello'), binary: true }]);
});

it('the newest connection of a device wins: the older one, on another pod, is closed with 4509 within one refresh', async () => {
  const refreshMs = 1000;
  const fleet = await startFleet(2, { LEASE_TTL_MS: String(refreshMs * 3) });
  const [before, after] = fleet.pods as [FleetPod, FleetPod];
  const older = await Device.connect(before.device, 'lamp-1');
  await fleet.registered('lamp-1', before);

  const newer = await Device.connect(after.device, 'lamp-1');
  await fleet.registered('lamp-1', after);
  const registeredAt = performance.now();
  const close = await older.closed;
  const tookMs = performance.now() - registeredAt;

  expect(close).toEqual({ code: 4509, reason: 'superseded' });
  expect(tookMs).toBeLessThan(refreshMs + 500);
  await fleet.registered('lamp-1', after);
  const answer = await push(before.callback, 'lamp-1', Buffer.from('hello'));
  expect(answer.status).toBe(200);
  expect(await newer.received(1)).toEqual([{ data: Buffer.from('hello'), binary: true }]);
});

it('a device that hops between three pods as fast as it can, but for a while only, ends up reachable, with one entry and one connection', async () => {
  const fleet = await startFleet(3, lease);
  const [last] = fleet.pods as [FleetPod];
  const hops = Array.from({ length: 6 }, (_, index) => fleet.pods[index % fleet.pods.length]!);
  const older: Device[] = [];

  for (const pod of hops) older.push(await Device.connect(pod.device, 'restless'));
  await fleet.registered('restless', hops.at(-1)!); // pods run side by side: until here the last two might swap places
  const newest = await Device.connect(last.device, 'restless');
  const closes = await Promise.all(older.map(({ closed }) => closed));

  expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([4509]));
  expect(await fleet.entries()).toMatchObject([{ podId: last.podId }]);
  const answers = await Promise.all(fleet.pods.map(({ callback }) => push(callback, 'restless', Buffer.from('found'))));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await newest.received(3)).map(({ data }) => String(data))).toEqual(['found', 'found', 'found']);
});
