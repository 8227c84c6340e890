import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TakeoverLimiter } from '../../src/connections/takeover-limiter.ts';
import { countedCloses, push } from '../support/ask.ts';
import type { Device } from '../support/device.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import type { TestPod } from '../support/pod.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';

let connections = 0;

/** What is said of connects of one device at these times: true refuses one. All others are takeovers. */
function takenOverAt(times: number[], contention = new TakeoverLimiter(), deviceId = 'lamp-1'): boolean[] {
  return times.map((at) => {
    const isContended = contention.isContended(deviceId, at);
    connections += 1;
    if (!isContended) contention.noteTakeover(deviceId, `connection-${connections}`, at);
    return isContended;
  });
}

describe('a device is contended', () => {
  it('from its sixth takeover within ten seconds on', () => {
    const verdicts = takenOverAt([0, 1, 2, 3, 4, 5, 6]);

    expect(verdicts).toEqual([false, false, false, false, false, true, true]);
  });

  it('not by six takeovers that take ten seconds', () => {
    const verdicts = takenOverAt([0, 2000, 4000, 6000, 8000, 10_000]);

    expect(verdicts).not.toContain(true);
  });

  it('by six takeovers that take a millisecond less', () => {
    const verdicts = takenOverAt([0, 2000, 4000, 6000, 8000, 9999]);

    expect(verdicts.at(-1)).toBe(true);
  });

  it('no longer once it was quiet for ten seconds', () => {
    const verdicts = takenOverAt([0, 1, 2, 3, 4, 5, 6, 7, 10_007]);

    expect(verdicts.slice(-2)).toEqual([true, false]);
  });

  it('by takeovers of its own only', () => {
    const contention = new TakeoverLimiter();
    takenOverAt([0, 1, 2, 3, 4], contention, 'lamp-1');

    expect(contention.isContended('lamp-2', 5)).toBe(false);
    expect(contention.isContended('lamp-1', 5)).toBe(true);
  });

  it('not by one connection that has ended another here and one elsewhere', () => {
    const contention = new TakeoverLimiter();
    takenOverAt([0, 1, 2, 3], contention);

    for (const at of [4, 5, 6]) contention.noteTakeover('lamp-1', 'the same', at);

    expect(contention.isContended('lamp-1', 7)).toBe(true);
    expect(contention.isContended('lamp-1', 10_001)).toBe(false);
  });
});

describe('of more devices than are remembered', () => {
  it('the 10,001st makes it forget the one that was taken over the longest time ago', () => {
    const contention = new TakeoverLimiter();
    for (let index = 0; index <= 10_000; index += 1) takenOverAt([0, 0, 0, 0, 0], contention, `device-${index}`);

    const oldest = takenOverAt([1], contention, 'device-0');
    const others = takenOverAt([1], contention, 'device-10000').concat(takenOverAt([1], contention, 'device-2'));

    expect(oldest).toEqual([false]);
    expect(others).toEqual([true, true]);
  });

  it('one that is taken over again and again is not forgotten', () => {
    const contention = new TakeoverLimiter();
    takenOverAt([0, 0, 0, 0], contention, 'lamp-1');
    for (let index = 0; index < 9999; index += 1) contention.noteTakeover(`device-${index}`, 'x', 1);
    contention.noteTakeover('lamp-1', 'the fifth', 2);
    for (let index = 9999; index < 15_000; index += 1) contention.noteTakeover(`device-${index}`, 'x', 3);

    expect(contention.isContended('lamp-1', 4)).toBe(true);
  });
});

/** Connects as many machines with one id, one after the other is told off or has taken over. The last one is told off. */
async function connectUntilContended(pod: TestPod, deviceId = 'lamp-1') {
  const machines: Device[] = [await runDevice(pod, deviceId)];
  for (let takeovers = 1; takeovers <= 5; takeovers += 1) {
    machines.push(await runDevice(pod, deviceId));
    await machines.at(-2)!.closed;
  }
  const staying = machines.at(-1)!;
  const late = await runDevice(pod, deviceId);
  return { staying, late, machines };
}

describe('the sixth takeover of a device on one pod', () => {
  it('is closed with 4429, and the connection before it stays', async () => {
    const pod = await runPod();

    const { late, staying } = await connectUntilContended(pod);
    const close = await late.closed;
    const answer = await push(pod.callback, 'lamp-1', 'hello');

    expect(close).toEqual({ code: 4429, reason: 'contended' });
    expect(answer.status).toBe(200);
    expect(await staying.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
    expect(late.frames).toEqual([]);
    expect(staying.socket.readyState).toBe(staying.socket.OPEN);
  });

  it('is counted as contended, and those before it as superseded', async () => {
    const pod = await runPod();

    const { late } = await connectUntilContended(pod);
    await late.closed;
    const closes = await countedCloses([pod], 6);

    expect(closes).toEqual({ '4509 superseded': 5, '4429 contended': 1 });
  });

  it('is no matter for another device', async () => {
    const pod = await runPod();
    const { late } = await connectUntilContended(pod);
    await late.closed;
    const first = await runDevice(pod, 'lamp-2');

    const second = await runDevice(pod, 'lamp-2');

    expect((await first.closed).code).toBe(4509);
    expect(second.socket.readyState).toBe(second.socket.OPEN);
  });
});

describe('the device that was fought for', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('stays reachable through its entry, which the one that was told off does not take with it', async () => {
    const { near, far, entryOf } = await runTwoPods(redis, { LEASE_TTL_MS: '600000' });
    const { late, staying } = await connectUntilContended(near);
    await late.closed;

    const entry = await entryOf('lamp-1');
    const answer = await push(far.callback, 'lamp-1', 'hello');

    expect(entry).not.toBeNull();
    expect(answer.status).toBe(200);
    expect(await staying.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it('is taken over once by a connection that ends one here and one on another pod', async () => {
    const { near, own } = await runTwoPods(redis);
    const closes = [];
    let device = await runRegistered(near, 'lamp-1');

    for (let takeovers = 1; takeovers <= 5; takeovers += 1) {
      const earlier = device;
      await own('lamp-1', { serverIp: '127.0.0.4', port: 1 });
      device = await runRegistered(near, 'lamp-1');
      closes.push((await Promise.race([earlier.closed, device.closed])).code);
    }

    expect(closes).toEqual([4509, 4509, 4509, 4509, 4509]);
    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('stays reachable when the one that was told off had come to another pod', async () => {
    const { near, far } = await runTwoPods(redis, { LEASE_TTL_MS: '600000' });
    const machines = [await runDevice(near, 'lamp-1')];
    for (let hops = 1; hops <= 11; hops += 1) {
      machines.push(await runDevice(hops % 2 === 0 ? near : far, 'lamp-1'));
      if (hops <= 10) await machines.at(-2)!.closed;
    }
    const [staying, late] = machines.slice(-2) as [Device, Device];
    const close = await late.closed;

    const answers = [await push(near.callback, 'lamp-1', 'hello'), await push(far.callback, 'lamp-1', 'hello')];

    expect(close.code).toBe(4429);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await staying.received(2)).toHaveLength(2);
  });
});
