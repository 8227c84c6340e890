import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, countedCloses, metric, push } from '../support/ask.ts';
import { runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import type { TestPod } from '../support/pod.ts';
import { frame, handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { until } from '../support/until.ts';

/** Is answered by this pod alone. */
const local = { 'Ws-Connect-Hop': '1' };

/** Six connections of one device, each of which took over from the one before. None answers a ping: their network is gone. */
async function leaveDeadConnections(pod: TestPod): Promise<RawClient[]> {
  const dead = [];
  for (let count = 0; count < 6; count += 1) {
    dead.push(await RawClient.device(pod.device, 'lamp-1'));
    await until(async () => (await push(pod.callback, 'lamp-1')).status === 200);
  }
  return dead;
}

async function knock(pod: TestPod): Promise<RawClient> {
  const client = await RawClient.connect(pod.device);
  client.send(handshake('/connect?deviceId=lamp-1'));
  return client;
}

describe('a device that has left dead connections behind', () => {
  it('connects once more when its present connection does not answer a ping', async () => {
    const pod = await runPod();
    await leaveDeadConnections(pod);

    const device = await runDevice(pod);
    const answer = await push(pod.callback, 'lamp-1', 'hello');

    expect(answer.status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
    expect(await countedCloses([pod], 5)).toEqual({ '4509 superseded': 5 });
  });

  it('connects once more at once when the pod knows that its present connection is closed', async () => {
    const pod = await runPod({}, undefined, new SteppedClock());
    const dead = await leaveDeadConnections(pod);
    dead.at(-1)!.socket.destroy();
    await until(async () => (await push(pod.callback, 'lamp-1')).status === 404);

    const device = await runDevice(pod);

    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('waits for no longer than the ping may take, whoever else waits', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, undefined, clock);
    const dead = await leaveDeadConnections(pod);
    const waiting = [await knock(pod), await knock(pod)];
    await dead.at(-1)!.bytes(2); // the ping

    await clock.pass(2000);
    const [first, second] = [await waiting[0]!.answer(), waiting[1]!];
    second.send(''); // it still waits, for the one that has just come
    waiting[0]!.send(frame(10));

    expect(first.status).toBe(101);
    expect((await second.answer()).status).toBe(101);
    expect(await second.closeFrame()).toEqual({ code: 4429, reason: 'contended' });
  });
});

/** The device is on the one pod, and not on the other any more. */
async function arrived(to: TestPod, from: TestPod): Promise<void> {
  await until(async () => (await ask(to.callback, '/connections/lamp-1', { headers: local })).status === 200);
  await until(async () => (await ask(from.callback, '/connections/lamp-1', { headers: local })).status !== 200);
}

/** Connections that go to and fro between two pods, so often that one more is contended on the first. The last one is on the second. */
async function hop(near: TestPod, far: TestPod, connect: (pod: TestPod) => Promise<unknown>): Promise<void> {
  for (let hops = 0; hops < 11; hops += 1) {
    const [to, from] = hops % 2 === 0 ? [far, near] : [near, far];
    await connect(to);
    await arrived(to, from);
  }
}

describe('a device whose present connection is on another pod', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('connects when that one does not answer a ping', async () => {
    const { near, far } = await runTwoPods(redis, { LEASE_TTL_MS: '600000' });
    await hop(near, far, (pod) => RawClient.device(pod.device, 'lamp-1'));

    const device = await runDevice(near);
    await arrived(near, far);
    const answer = await push(far.callback, 'lamp-1', 'hello');

    expect(answer.status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it('is closed with 4429 when that one is alive', async () => {
    const { near, far } = await runTwoPods(redis, { LEASE_TTL_MS: '600000' });
    await hop(near, far, (pod) => runDevice(pod));

    const device = await runDevice(near);

    expect(await device.closed).toEqual({ code: 4429, reason: 'contended' });
    expect((await push(near.callback, 'lamp-1')).status).toBe(200);
  });
});

describe('while it is decided whether a device may have its place', () => {
  it('a device that hangs up is counted as such', async () => {
    const pod = await runPod({}, undefined, new SteppedClock());
    const dead = await leaveDeadConnections(pod);
    const client = await knock(pod);
    await dead.at(-1)!.bytes(2);

    client.socket.end();
    await client.ended;
    dead.at(-1)!.send(frame(10));
    const count = await until(() => metric(pod.admin, 'ws_connect_connects_total{result="hung-up"}'));

    expect(count).toBe(1);
  });

  it('a drain that begins turns it away with 503', async () => {
    const pod = await runPod({ DRAIN_SWEEPS: '5' }, undefined, new SteppedClock());
    const dead = await leaveDeadConnections(pod);
    const client = await knock(pod);
    await dead.at(-1)!.bytes(2);

    pod.pod.terminate();
    dead.at(-1)!.send(frame(10));

    expect(await client.answer()).toMatchObject({ status: 503 });
  });
});
