import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { runClient } from '../../support/callback-clients.ts';
import { Device } from '../../support/device.ts';
import type { Fleet, FleetPod } from '../../support/fleet.ts';
import { startFleet } from '../../support/fleet.ts';
import { until } from '../../support/until.ts';

/** As a service would have it: commands fail while Redis is away. */
function connectRedis({ redis }: Fleet): Redis {
  const client = new Redis(redis.url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 500 });
  client.on('error', () => {}); // the commands say it
  onTestFinished(() => client.disconnect());
  return client;
}

async function connectRegistered(fleet: Fleet, pod: FleetPod, deviceId: string): Promise<Device> {
  const device = await Device.connect(pod.device, deviceId);
  await fleet.registered(deviceId, pod);
  return device;
}

it('while Redis is away, devices that are remembered are reached, and others as soon as it is back', async () => {
  const fleet = await startFleet(1);
  const [pod] = fleet.pods as [FleetPod];
  const known = await connectRegistered(fleet, pod, 'known');
  const other = await connectRegistered(fleet, pod, 'other');
  const client = runClient({ redis: connectRedis(fleet), cacheMs: 86_400_000 });
  await until(async () => (await client.send('known', 'before')).outcome === 'delivered');

  await fleet.killRedis();
  const remembered = await client.send('known', 'during');
  const unknown = await client.send('other', 'given up', { deadlineMs: 500 });
  const waiting = client.send('other', 'waited', { deadlineMs: 20_000, reconnectWaitMs: 20_000 });
  await fleet.restartRedis();

  expect(remembered.outcome).toBe('delivered');
  expect(unknown).toMatchObject({ outcome: 'unavailable', code: 'registry-unavailable', attempts: 0 });
  expect(await waiting).toMatchObject({ outcome: 'delivered', attempts: 1 });
  expect((await known.received(2)).map(({ data }) => data.toString())).toEqual(['before', 'during']);
  expect((await other.received(1)).map(({ data }) => data.toString())).toEqual(['waited']);
});

it('a pod that was killed is asked once, and left alone afterwards, also for devices that are remembered to be there', async () => {
  const fleet = await startFleet(1);
  const [pod] = fleet.pods as [FleetPod];
  const deviceIds = ['lamp-1', 'lamp-2', 'lamp-3'];
  for (const deviceId of deviceIds) await connectRegistered(fleet, pod, deviceId);
  const client = runClient({ redis: fleet.redis.client, breakerMs: 86_400_000, cacheMs: 86_400_000 });
  await client.send('lamp-2', 'before');
  pod.process.signal('SIGKILL');
  await pod.process.exited;

  const results = [];
  for (const deviceId of deviceIds) results.push(await client.send(deviceId, 'x', { deadlineMs: 500 }));

  expect(results.map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
  for (const result of results) expect(result).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable' });
});

it('a pod that stands still is left alone once it has not answered in time, and asked again after a while', async () => {
  const fleet = await startFleet(1);
  const [pod] = fleet.pods as [FleetPod];
  const device = await connectRegistered(fleet, pod, 'lamp-1');
  const client = runClient({ redis: fleet.redis.client, answerTimeoutMs: 300, breakerMs: 1000 });
  await client.send('lamp-1', 'before');

  pod.process.signal('SIGSTOP');
  const silent = await client.send('lamp-1', 'into silence');
  const spared = await client.send('lamp-1', 'not sent', { deadlineMs: 100 });
  pod.process.signal('SIGCONT');
  const later = await client.send('lamp-1', 'after');

  expect(silent).toMatchObject({ outcome: 'unknown', code: 'timed-out', attempts: 1 });
  expect(spared).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable', attempts: 0 });
  expect(later.outcome).toBe('delivered');
  const got = (await device.received(2)).map(({ data }) => data.toString());
  expect(got).not.toContain('not sent');
});

it('a device whose pod was killed is reached on the pod it comes back to', async () => {
  const fleet = await startFleet(2);
  const [killed, refuge] = fleet.pods as [FleetPod, FleetPod];
  const before = await connectRegistered(fleet, killed, 'lamp-1');
  const client = runClient({ redis: fleet.redis.client });
  await client.send('lamp-1', 'before');

  killed.process.signal('SIGKILL');
  const sending = client.send('lamp-1', 'after', { id: 'order-7' });
  await before.closed;
  const after = await Device.connect(refuge.device, 'lamp-1');

  expect(await sending).toMatchObject({ outcome: 'delivered', podId: refuge.podId });
  expect((await after.received(1)).map(({ data }) => data.toString())).toEqual(['after']);
});
