import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { ask, stateOf } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';
import type { TestPod } from '../support/pod.ts';
import { until } from '../support/until.ts';

const env = (more: Environment) => ({ DRAIN_INTERVAL_MS: '100', IDLE_AFTER_MS: '100', ...more });

/** So many devices of a pod, all idle. */
async function idleDevices(pod: TestPod, count: number) {
  const devices = await Promise.all(Array.from({ length: count }, (_, index) => runDevice(pod, `lamp-${index}`)));
  await until(async () => {
    const { json } = await ask(pod.admin, '/connections?state=registered.idle');
    return (json as { connections: unknown[] }).connections.length === count;
  });
  return devices;
}

/** How many connections each sweep closed, by the log. */
async function closedBySweep(pod: TestPod): Promise<unknown[]> {
  pod.pod.terminate();
  await pod.pod.ended;
  return pod.logs.filter(({ msg }) => msg === 'sweep done').map(({ closed }) => closed);
}

describe('a sweep', () => {
  it('closes its share of those who are left', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '4', DRAIN_MIN_BATCH: '1' }));
    await idleDevices(pod, 10);

    const closed = await closedBySweep(pod);

    expect(closed).toEqual([3, 3, 2, 2]);
  });

  it('closes DRAIN_MIN_BATCH even when its share is less', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '10', DRAIN_MIN_BATCH: '4' }));
    await idleDevices(pod, 10);

    const closed = await closedBySweep(pod);

    expect(closed).toEqual([4, 4, 2]);
  });

  it('closes them all when the pace is burst', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '10', DRAIN_MIN_BATCH: '1', DRAIN_PACE: 'burst' }));
    await idleDevices(pod, 90);

    const closed = await closedBySweep(pod);

    expect(closed.filter((count) => count !== 0)).toEqual([90]); // a second sweep may come before the last has answered
  });

  it('begins with those who were idle longest', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '4', DRAIN_MIN_BATCH: '1' }));
    const devices = await idleDevices(pod, 4);
    const order: number[] = [];
    for (const [index, device] of devices.entries()) void device.closed.then(() => order.push(index));
    for (const index of [2, 0, 3, 1]) {
      devices[index]!.send('.');
      await until(async () => (await stateOf(pod.callback, `lamp-${index}`)) === 'registered.active');
    }
    await until(async () => (await stateOf(pod.callback, 'lamp-1')) === 'registered.idle');

    pod.pod.terminate();
    await Promise.all(devices.map(({ closed }) => closed));

    expect(order).toEqual([2, 0, 3, 1]);
  });

  it('spreads its closes over the interval', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '1', DRAIN_INTERVAL_MS: '1000' }));
    const devices = await idleDevices(pod, 20);
    const startedAt = performance.now();
    const times: number[] = [];
    for (const { closed } of devices) void closed.then(() => times.push(performance.now() - startedAt));

    pod.pod.terminate();
    await Promise.all(devices.map(({ closed }) => closed));
    const firstHalf = times.filter((ms) => ms < 500).length;

    expect(times.at(-1)).toBeLessThan(1100);
    expect(firstHalf).toBeGreaterThan(4);
    expect(firstHalf).toBeLessThan(16);
  });

  it('spares one that talks again before its turn', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '3', DRAIN_INTERVAL_MS: '600', IDLE_AFTER_MS: '400' }));
    const devices = await idleDevices(pod, 10);
    const last = devices.at(-1)!;
    pod.pod.terminate();

    const timer = setInterval(() => last.send('.'), 10);
    await pod.logged('sweep done');
    const state = await stateOf(pod.callback, 'lamp-9');
    clearInterval(timer);

    expect(state).toBe('registered.active');
  });
});

describe('the log of a drain', () => {
  it('says how it will go, and what each sweep did', async () => {
    const pod = await runPod(env({ DRAIN_SWEEPS: '4', DRAIN_MIN_BATCH: '1', DRAIN_DEADLINE_MS: '9000' }));
    await idleDevices(pod, 4);

    pod.pod.terminate();
    await pod.pod.ended;
    const began = pod.logs.find(({ msg }) => msg === 'drain began');
    const sweeps = pod.logs.filter(({ msg }) => msg === 'sweep done');
    const over = pod.logs.find(({ msg }) => msg === 'drain over');

    expect(began).toMatchObject({
      connections: 4,
      plan: { sweeps: 4, intervalMs: 100, minBatch: 1, deadlineMs: 9000 },
    });
    expect(sweeps).toMatchObject([1, 2, 3, 4].map((sweep) => ({ sweep, sweeps: 4, closed: 1 })));
    expect(over).toMatchObject({ outcome: 'drained', sweeps: 4, closedIdle: 4, closedActive: 0, remaining: 0 });
    expect(pod.logs.at(-1)).toMatchObject({ msg: 'stopped', exitCode: 0 });
  });
});
