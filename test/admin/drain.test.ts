import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import type { TestPod } from '../support/pod.ts';
import { until } from '../support/until.ts';

const fast = { DRAIN_INTERVAL_MS: '100', DRAIN_SWEEPS: '5', IDLE_AFTER_MS: '100' };

const devicesOf = (pod: TestPod, count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => runDevice(pod, `lamp-${index}`)));

describe('a drained device', () => {
  it('is closed with 1012 and asked to come back after a time of its own', async () => {
    const pod = await runPod({ ...fast, RECONNECT_SPREAD_MS: '500' });
    const devices = await devicesOf(pod, 30);

    pod.pod.terminate();
    const closes = await Promise.all(devices.map(({ closed }) => closed));
    const hints = closes.map(({ reason }) => JSON.parse(reason) as { reconnectAfterMs: number });
    const times = hints.map(({ reconnectAfterMs }) => reconnectAfterMs);

    expect(closes.map(({ code }) => code)).toEqual(closes.map(() => 1012));
    expect(hints).toEqual(times.map((reconnectAfterMs) => ({ reconnectAfterMs })));
    expect(times.filter((ms) => !Number.isInteger(ms) || ms < 0 || ms > 500)).toEqual([]);
    expect(new Set(times).size).toBeGreaterThan(5);
  });

  it('is asked to come back at once when there is no spread', async () => {
    const pod = await runPod({ ...fast, RECONNECT_SPREAD_MS: '0' });
    const device = await runDevice(pod);

    pod.pod.terminate();

    expect(await device.closed).toEqual({ code: 1012, reason: '{"reconnectAfterMs":0}' });
  });

  it('is no longer found by callers', async () => {
    const pod = await runPod({ ...fast, DRAIN_SWEEPS: '50', IDLE_AFTER_MS: '300' });
    const quiet = await runDevice(pod, 'quiet');
    const talker = await runDevice(pod, 'talker');
    const timer = setInterval(() => talker.send('.'), 20);
    pod.pod.terminate();
    await quiet.closed;

    const answer = await push(pod.callback, 'quiet');
    clearInterval(timer);

    expect(answer.status).toBe(404);
  });

  it('that never answers the close frame is cut after 2 s', async () => {
    const pod = await runPod(fast);
    const mute = await RawClient.device(pod.device, 'mute');

    pod.pod.terminate();
    const [opcode] = await mute.bytes(2);
    const closedAt = performance.now();
    const exitCode = await pod.pod.ended;
    const waitedMs = performance.now() - closedAt;

    expect(opcode).toBe(0x88);
    expect(exitCode).toBe(0);
    expect(waitedMs).toBeGreaterThan(1900);
    expect(waitedMs).toBeLessThan(3000);
  });
});

describe('an active device', () => {
  it('is spared until the last sweep, closed after it, and counted apart', async () => {
    const pod = await runPod(fast);
    const quiet = await runDevice(pod, 'quiet');
    const talker = await runDevice(pod, 'talker');
    const closedFirst = Promise.race([quiet.closed.then(() => 'quiet'), talker.closed.then(() => 'talker')]);
    const timer = setInterval(() => talker.send('.'), 10);

    const { json } = await ask(pod.admin, '/pre-stop');
    clearInterval(timer);

    expect(await closedFirst).toBe('quiet');
    expect(await talker.closed).toMatchObject({ code: 1012 });
    expect(json).toMatchObject({ outcome: 'drained', sweeps: 5, closedIdle: 1, closedActive: 1, remaining: 0 });
    expect((json as { durationMs: number }).durationMs).toBeGreaterThanOrEqual(490);
  });

  it('still gets its callbacks', async () => {
    const pod = await runPod(fast);
    const talker = await runDevice(pod, 'talker');
    pod.pod.terminate();
    const statuses = [];

    do {
      const { status } = await push(pod.callback, 'talker', 'hello');
      statuses.push(status);
    } while (statuses.at(-1) === 200);
    const sent = statuses.length - 1;

    expect(sent).toBeGreaterThan(5);
    expect(statuses.at(-1)).toBe(404); // the pod closes it now
    expect(await talker.closed).toMatchObject({ code: 1012 });
    expect(await talker.received(sent)).toHaveLength(sent);
    expect(await pod.pod.ended).toBe(0);
  });

  it('is closed with the others once it has become quiet', async () => {
    const pod = await runPod({ ...fast, DRAIN_SWEEPS: '100' });
    await runDevice(pod);

    const { json } = await ask(pod.admin, '/pre-stop');

    expect(json).toMatchObject({ closedIdle: 1, closedActive: 0 });
    expect((json as { sweeps: number }).sweeps).toBeLessThan(20);
  });

  it('that leaves by itself counts as neither, and the drain ends with it', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '60000' });
    const device = await runDevice(pod);
    const waiting = ask(pod.admin, '/pre-stop');
    await pod.logged('drain began');

    await device.close();
    const { json } = await waiting;

    expect(json).toMatchObject({ outcome: 'drained', closedIdle: 0, closedActive: 0, remaining: 0 });
  });
});

it('the closes of a drain are counted in the metrics', async () => {
  const pod = await runPod({ ...fast, DRAIN_SWEEPS: '100', IDLE_AFTER_MS: '300' });
  const [talker] = await devicesOf(pod, 4);
  const timer = setInterval(() => talker!.send('.'), 20);
  pod.pod.terminate();

  const idle = await until(async () => {
    const closed = await metric(pod.admin, 'ws_connect_drain_closed_total{activity="idle"}');
    return closed === 3 && closed;
  });
  const restarting = await until(async () => {
    const ended = await metric(pod.admin, 'ws_connect_closes_total{code="1012",reason="restarting"}');
    return ended === 3 && ended; // each once its device has answered the close
  });
  clearInterval(timer);

  expect(idle).toBe(3);
  expect(restarting).toBe(3);
});
