import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, countedCloses, metric, push, stateOf } from '../support/ask.ts';
import { LeapingClock } from '../support/leaping-clock.ts';
import { fakeOwner, runRegistered, runTwoPods } from '../support/owners.ts';
import { RawClient } from '../support/raw-client.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const leaseMs = 60_000;
const freezeMs = leaseMs / 3 + 1000;

let redis: RedisServer;
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(() => redis.stop());

/** Two pods whose process has just stood still, with lamp-1 on the first of them. `before` is what happened meanwhile. */
async function thaw(before: (pods: Awaited<ReturnType<typeof runTwoPods>>) => Promise<void> | void = () => {}) {
  const clock = new LeapingClock();
  const pods = await runTwoPods(redis, { LEASE_TTL_MS: String(leaseMs) }, clock);
  const device = await runRegistered(pods.near, 'lamp-1');
  const { json } = await ask(pods.near.callback, '/connections/lamp-1');
  await before(pods);
  clock.leap(freezeMs);
  return { ...pods, device, traceId: (json as { traceId: string }).traceId };
}

const halt = () => void process.kill(redis.pid, 'SIGSTOP');

describe('after its pod stood still, a device', () => {
  it('that is still the one in the registry gets a callback at once', async () => {
    const { near, device } = await thaw();

    const { status } = await push(near.callback, 'lamp-1', 'hello');

    expect(status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it('gets a callback also when its entry has ended meanwhile', async () => {
    const { near, device } = await thaw(async () => void (await redis.client.flushall()));

    const { status } = await push(near.callback, 'lamp-1', 'hello');

    expect(status).toBe(200);
    expect(await device.received(1)).toHaveLength(1);
  });

  it('has an entry again soon, and is trusted again', async () => {
    const { near, device, traceId, entryOf } = await thaw(async () => void (await redis.client.flushall()));

    const entry = await until(() => entryOf('lamp-1'));
    const state = await until(async () => {
      const now = String(await stateOf(near.callback, 'lamp-1'));
      return now !== 'unverified' && now;
    });

    expect(JSON.parse(entry)).toMatchObject({ traceId });
    expect(state).toMatch(/^registered/);
    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('that has gone to another pod gets its callback there, and nothing in the old socket, which is closed', async () => {
    const owner = await fakeOwner((_request, response) => response.end('delivered'));
    const { near, device } = await thaw(({ own }) => own('lamp-1', { ...owner, t: Date.now() + 60_000 }));

    const answer = await push(near.callback, 'lamp-1', 'hello');
    const close = await device.closed;

    expect(answer).toMatchObject({ status: 200, body: Buffer.from('delivered') });
    expect(answer.headers['ws-connect-pod']).toBe(`127.0.0.4:${owner.port}`);
    expect(owner.requests).toMatchObject([{ method: 'POST', url: '/callback/lamp-1', body: Buffer.from('hello') }]);
    expect(close).toEqual({ code: 4509, reason: 'superseded' });
    expect(device.frames).toEqual([]);
  });

  it('that has gone to another pod is not found by a request that was forwarded to its old one: 409', async () => {
    const owner = await fakeOwner((_request, response) => response.end());
    const { near, device } = await thaw(({ own }) => own('lamp-1', { ...owner, t: Date.now() + 60_000 }));

    const { status, json } = await push(near.callback, 'lamp-1', 'hello', { 'Ws-Connect-Hop': '1' });

    expect(status).toBe(409);
    expect(json).toMatchObject({ code: 'moved' });
    expect(device.frames).toEqual([]);
    expect(owner.requests).toEqual([]);
  });

  it.each(['GET', 'HEAD'])('that has gone to another pod is looked for there by %s', async (method) => {
    const owner = await fakeOwner((_request, response) => response.end());
    const { near } = await thaw(({ own }) => own('lamp-1', { ...owner, t: Date.now() + 60_000 }));

    const { status } = await ask(near.callback, '/connections/lamp-1', { method });

    expect(status).toBe(200);
    expect(owner.requests).toMatchObject([{ method, url: '/connections/lamp-1' }]);
  });
});

describe('while the registry does not answer, a device in doubt', () => {
  it('gets no callback: 503', async () => {
    const { near, device } = await thaw(halt);

    const { status, headers, json } = await push(near.callback, 'lamp-1', 'hello');

    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('1');
    expect(json).toMatchObject({ code: 'registry-unavailable' });
    expect(device.frames).toEqual([]);
  });

  it('is shown as unverified to operators, and stays connected', async () => {
    const { near, device } = await thaw(halt);

    await until(() => metric(near.admin, 'ws_connect_connections{state="unverified"}'));
    const { json } = await ask(near.admin, '/connections?state=unverified');

    expect(json).toMatchObject({ connections: [{ deviceId: 'lamp-1', state: 'unverified' }] });
    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('gets its callbacks again once the registry answers', async () => {
    const { near, device } = await thaw(halt);
    await until(() => metric(near.admin, 'ws_connect_connections{state="unverified"}'));
    process.kill(redis.pid, 'SIGCONT');

    await until(async () => String(await stateOf(near.callback, 'lamp-1')).startsWith('registered'));
    const { status } = await push(near.callback, 'lamp-1', 'hello');

    expect(status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it('can be closed by another pod that has it now', async () => {
    const { near, device, traceId } = await thaw(halt);
    await until(() => metric(near.admin, 'ws_connect_connections{state="unverified"}'));

    const { status } = await ask(near.callback, '/connections/lamp-1?reason=superseded', {
      method: 'DELETE',
      headers: { 'If-Match': `"${traceId}"`, 'Ws-Connect-Hop': '1' },
    });
    process.kill(redis.pid, 'SIGCONT');

    expect(status).toBe(204);
    expect(await device.closed).toEqual({ code: 4509, reason: 'superseded' });
  });

  it('is nobody new: a device that connects then is trusted', async () => {
    const { near } = await thaw(halt);
    await until(() => metric(near.admin, 'ws_connect_connections{state="unverified"}'));
    const newcomer = await runDevice(near, 'lamp-2');

    const { status } = await push(near.callback, 'lamp-2', 'hello');

    expect(status).toBe(200);
    expect(await newcomer.received(1)).toHaveLength(1);
  });
});

describe('silence', () => {
  const env = { LEASE_TTL_MS: '3000', PING_INTERVAL_MS: '100', PONG_TIMEOUT_MS: '600' };

  it('does not count for the time the process stood still: who answers is kept, who does not is cut off', async () => {
    const clock = new LeapingClock();
    const pod = await runPod(env, undefined, clock);
    const alive = await runDevice(pod, 'alive');
    const mute = await RawClient.device(pod.device, 'mute');

    clock.leap(3_600_000);
    const leaptAt = performance.now();
    await mute.ended;
    const tookMs = performance.now() - leaptAt;

    expect(tookMs).toBeGreaterThan(500);
    expect(await countedCloses([pod], 1)).toEqual({ '4408 silent': 1 });
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
    expect(pod.logs.filter(({ msg }) => String(msg).startsWith('the process stalled'))).toHaveLength(1);
  });
});
