import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { metric, push, stateOf } from '../support/ask.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('the heartbeat', () => {
  it('pings a device again and again', async () => {
    const pod = await runPod({ PING_INTERVAL_MS: '60' });
    const device = await runDevice(pod);

    await once(device.socket, 'ping');
    await once(device.socket, 'ping');

    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('cuts off a peer that answers no ping', async () => {
    const pod = await runPod({ PING_INTERVAL_MS: '60', PONG_TIMEOUT_MS: '200' });
    const silent = await RawClient.device(pod.device, 'lamp-1');

    await silent.ended;
    const count = await until(() => metric(pod.admin, 'ws_connect_closes_total{code="4408",reason="silent"}'));
    const answer = await push(pod.callback, 'lamp-1');

    expect(count).toBe(1);
    expect(answer.status).toBe(404);
  });

  it('keeps a quiet device that answers pings', async () => {
    const pod = await runPod({ PING_INTERVAL_MS: '60', PONG_TIMEOUT_MS: '200' });
    const quiet = await runDevice(pod, 'quiet');
    const silent = await RawClient.device(pod.device, 'silent');

    await silent.ended;
    for (let pings = 0; pings < 4; pings += 1) await once(quiet.socket, 'ping');

    expect(await stateOf(pod.callback, 'quiet')).toMatch(/^registered/);
  });

  it('counts any frame of the device as a sign of life, a ping of its own too', async () => {
    const pod = await runPod({ PING_INTERVAL_MS: '60', PONG_TIMEOUT_MS: '200' });
    const pinging = await RawClient.device(pod.device, 'pinging');
    const silent = await RawClient.device(pod.device, 'silent');
    const timer = setInterval(() => pinging.send(frame(9)), 40);

    await silent.ended;
    const state = await stateOf(pod.callback, 'pinging');
    clearInterval(timer);

    expect(state).toMatch(/^registered/);
  });
});

describe('a connection', () => {
  const idle = (callback: string) => until(async () => (await stateOf(callback, 'lamp-1')) === 'registered.idle');

  it('becomes idle without data', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '100' });
    await runDevice(pod);

    await idle(pod.callback);

    expect(await stateOf(pod.callback, 'lamp-1')).toBe('registered.idle');
  });

  it('becomes active again at once by a message of the device', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '600' });
    const device = await runDevice(pod);
    await idle(pod.callback);

    device.send('');
    const state = await until(async () => {
      const now = await stateOf(pod.callback, 'lamp-1');
      return now !== 'registered.idle' && now;
    });

    expect(state).toBe('registered.active');
  });

  it('becomes active again at once by a callback', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '600' });
    await runDevice(pod);
    await idle(pod.callback);

    await push(pod.callback, 'lamp-1');

    expect(await stateOf(pod.callback, 'lamp-1')).toBe('registered.active');
  });

  it('stays active while the device talks', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '600' });
    const talker = await runDevice(pod, 'talker');
    await runDevice(pod, 'lamp-1');
    const timer = setInterval(() => talker.send('.'), 50);

    await idle(pod.callback);
    const state = await stateOf(pod.callback, 'talker');
    clearInterval(timer);

    expect(state).toBe('registered.active');
  });

  it('becomes idle although pings go to and fro', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '300', PING_INTERVAL_MS: '50' });
    const device = await runDevice(pod);
    const timer = setInterval(() => device.socket.ping(), 20);

    await idle(pod.callback);
    await once(device.socket, 'pong');
    await once(device.socket, 'ping');
    clearInterval(timer);

    expect(await stateOf(pod.callback, 'lamp-1')).toBe('registered.idle');
  });

  it('is not made active by a callback that is refused', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '200' });
    await runDevice(pod);
    await idle(pod.callback);

    await push(pod.callback, 'lamp-1', 'hello', { 'If-Match': '"another"' });

    expect(await stateOf(pod.callback, 'lamp-1')).toBe('registered.idle');
  });
});
