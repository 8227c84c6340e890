import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metric } from '../../support/ask.ts';
import { answerDelivered } from '../../support/callback-answers.ts';
import { runClient } from '../../support/callback-clients.ts';
import { freePort } from '../../support/free-port.ts';
import { fakeOwner, runRegistered, runTwoPods } from '../../support/owners.ts';
import type { RedisServer } from '../../support/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { runDevice, runPod } from '../../support/running.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a service without Redis', () => {
  it('asks the pods in turn, and each reaches the device', async () => {
    const { near, far } = await runTwoPods(redis);
    const device = await runRegistered(far, 'lamp-1');
    const client = runClient({ pods: [near.callback, `${far.callback}/`] });

    const results = [];
    for (const text of ['1', '2', '3', '4']) results.push(await client.send('lamp-1', text));

    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
    expect((await device.received(4)).map(({ data }) => data.toString())).toEqual(['1', '2', '3', '4']);
    expect(await metric(near.admin, 'ws_connect_callbacks_total{outcome="forwarded"}')).toBe(2);
    expect(await metric(far.admin, 'ws_connect_callbacks_total{outcome="delivered"}')).toBe(4);
  });

  it('may name a host', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const client = runClient({ pods: [`http://localhost:${pod.callbackPort}`] });

    expect(await client.send('lamp-1', 'x')).toMatchObject({ outcome: 'delivered', attempts: 1 });
  });

  it('is told that a device is offline by one pod', async () => {
    const { near, far } = await runTwoPods(redis);
    const client = runClient({ pods: [near.callback, far.callback] });

    expect(await client.send('nobody', 'x')).toMatchObject({ outcome: 'offline', attempts: 1 });
  });

  it('passes over a pod that cannot be reached', async () => {
    const gone = `http://127.0.0.1:${await freePort()}`;
    const pod = await runPod();
    await runDevice(pod);
    const client = runClient({ pods: [gone, pod.callback], breakerMs: 86_400_000 });

    const results = [];
    for (let count = 0; count < 6; count += 1) results.push(await client.send('lamp-1', 'x'));

    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['delivered']));
    expect(results.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(7); // the one that is gone was asked once
  });

  it('asks the only pod again, although it did not answer', async () => {
    const port = await freePort();
    const client = runClient({ pods: [`http://127.0.0.1:${port}`], breakerMs: 86_400_000 });
    const before = await client.send('lamp-1', 'x', { deadlineMs: 1000 });
    const pod = await runPod({ CALLBACK_PORT: String(port) });
    await runDevice(pod);

    const after = await client.send('lamp-1', 'x');

    expect(before).toMatchObject({ outcome: 'unavailable', code: 'pod-unreachable' });
    expect(after.outcome).toBe('delivered');
  });
});

it('keeps its connections', async () => {
  const ports = new Set<number | undefined>();
  const { serverIp, port } = await fakeOwner((request, response) => {
    ports.add(request.socket.remotePort);
    answerDelivered(response);
  });
  const client = runClient({ pods: [`http://${serverIp}:${port}`] });

  for (let count = 0; count < 5; count += 1) await client.send('lamp-1', 'x');

  expect(ports.size).toBe(1);
});
