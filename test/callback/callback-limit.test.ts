import { SimulatedClock } from 'xstate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { body, frozenDevice, pushUntilRefused } from '../support/frozen-device.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import type { TestPod } from '../support/pod.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';

/** A pod whose devices get three callbacks a second, and whose clock stands still. */
async function runStrictPod() {
  const clock = new SimulatedClock();
  return { clock, pod: await runPod({ CALLBACKS_PER_DEVICE_PER_SECOND: '3' }, undefined, clock) };
}

/** The statuses of so many callbacks, one after the other. */
async function pushAll({ callback }: TestPod, count: number, deviceId = 'lamp-1'): Promise<number[]> {
  const statuses = [];
  for (let sent = 0; sent < count; sent += 1) statuses.push((await push(callback, deviceId)).status);
  return statuses;
}

describe('a callback above CALLBACKS_PER_DEVICE_PER_SECOND', () => {
  it('is answered 429, says when to try again, is counted, and does not come to the device', async () => {
    const { pod } = await runStrictPod();
    const device = await runDevice(pod);
    const before = await pushAll(pod, 3);

    const answer = await push(pod.callback, 'lamp-1', 'one too many');
    await device.close();

    expect(before).toEqual([200, 200, 200]);
    expect(answer).toMatchObject({ status: 429, json: { status: 429, code: 'too-many-callbacks' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(device.frames).toHaveLength(3);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="too-many-callbacks"}')).toBe(1);
  });

  it('goes to the device once time has earned it', async () => {
    const { clock, pod } = await runStrictPod();
    await runDevice(pod);
    await pushAll(pod, 4);

    clock.increment(700);
    const statuses = await pushAll(pod, 3);

    expect(statuses).toEqual([200, 200, 429]);
  });

  it('is no matter for another device', async () => {
    const { pod } = await runStrictPod();
    await runDevice(pod, 'lamp-1');
    await runDevice(pod, 'lamp-2');
    await pushAll(pod, 4);

    const statuses = await pushAll(pod, 1, 'lamp-2');

    expect(statuses).toEqual([200]);
  });

  it('is no matter for who looks at the connection or closes it', async () => {
    const { pod } = await runStrictPod();
    await runDevice(pod);
    await pushAll(pod, 4);

    const answers = [
      await ask(pod.callback, '/connections/lamp-1'),
      await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 204]);
  });

  it('is not one that was refused since too much is waiting', async () => {
    const env = { CALLBACKS_PER_DEVICE_PER_SECOND: '400', MAX_BUFFERED_BYTES: '100000' };
    const pod = await runPod(env, undefined, new SimulatedClock());
    await frozenDevice(pod);
    await pushUntilRefused(pod);

    const answers = await Promise.all(Array.from({ length: 400 }, () => push(pod.callback, 'frozen', body)));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  });
});

describe('through another pod', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('the 429 of the owner comes back with its Retry-After', async () => {
    const { near, far } = await runTwoPods(redis, { CALLBACKS_PER_DEVICE_PER_SECOND: '1' });
    await runRegistered(near, 'lamp-1');

    const answers = await Promise.all(Array.from({ length: 20 }, () => push(far.callback, 'lamp-1')));

    const refused = answers.find(({ status }) => status === 429);
    expect(refused).toMatchObject({ json: { code: 'too-many-callbacks' }, headers: { 'retry-after': '1' } });
    expect(await metric(near.admin, 'ws_connect_callbacks_total{outcome="too-many-callbacks"}')).toBeGreaterThan(0);
  });
});
