import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, countedCloses, push, stateOf } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const fast = { DRAIN_INTERVAL_MS: '100', DRAIN_SWEEPS: '5', IDLE_AFTER_MS: '100' };

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a device in envelope mode whose pod drains', () => {
  it('is asked to go, and gets its callbacks until it has gone', async () => {
    const pod = await runPod(fast);
    const device = await EnvelopeDevice.run(pod);

    pod.pod.terminate();
    const goaway = await device.heard('goaway');
    const state = await stateOf(pod.callback, 'lamp-1');
    const { status } = await push(pod.callback, 'lamp-1');

    expect(Object.keys(goaway)).toEqual(['type', 'reason', 'reconnectAfterMs']);
    expect(goaway['reason']).toBe('restarting');
    expect(goaway['reconnectAfterMs']).toBeLessThanOrEqual(750);
    expect(state).toBe('leaving');
    expect(status).toBe(200);
    expect(await device.heard('message')).toBeDefined();
  });

  it('is closed with 1012 after 1.5 s when it does not go', async () => {
    const pod = await runPod(fast);
    const device = await EnvelopeDevice.run(pod);

    const report = ask(pod.admin, '/pre-stop');
    await device.heard('goaway');
    const askedAt = performance.now();
    const closed = await device.closed;

    expect(performance.now() - askedAt).toBeGreaterThan(1400);
    expect(closed).toEqual({ code: 1012, reason: expect.stringMatching(/^\{"reconnectAfterMs":\d+\}$/) });
    expect((await report).json).toMatchObject({ outcome: 'drained', closedIdle: 1, closedActive: 0, remaining: 0 });
  });

  it('that connects elsewhere first can be reached at every moment, and its old connection ends as superseded', async () => {
    const { near, far } = await runTwoPods(redis, fast);
    const old = await EnvelopeDevice.run(near);
    await old.heard('welcome');
    const statuses = new Set<number>();
    const over = new AbortController();
    const calls = (async () => {
      while (!over.signal.aborted) statuses.add((await push(far.callback, 'lamp-1')).status);
    })();

    near.pod.terminate();
    await old.heard('goaway');
    const renewed = await EnvelopeDevice.run(far);
    const closed = await old.closed;
    await until(() => renewed.envelopes.filter(({ type }) => type === 'message').length >= 10);
    over.abort();
    await calls;

    expect(closed).toEqual({ code: 4509, reason: 'superseded' });
    expect([...statuses]).toEqual([200]);
    expect(await near.pod.ended).toBe(0);
  });

  it('that leaves by itself is not closed again', async () => {
    const pod = await runPod(fast);
    const [first, second] = await Promise.all([EnvelopeDevice.run(pod, 'a'), EnvelopeDevice.run(pod, 'b')]);

    pod.pod.terminate();
    await first.heard('goaway');
    first.socket.close(1000);

    expect(await countedCloses([pod], 1)).toEqual({ '1000 peer': 1 });
    expect(await second.closed).toMatchObject({ code: 1012 });
    expect(await pod.pod.ended).toBe(0);
  });
});
