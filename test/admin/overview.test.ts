import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Overviews } from '../../src/admin/overview.ts';
import { loadConfig } from '../../src/config.ts';
import { StateCounts } from '../../src/connections/state-counts.ts';
import type { PodRuntime } from '../../src/drain/pod-runtime.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { push } from '../support/ask.ts';
import { EventReader } from '../support/events.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { runDevice, runPod } from '../support/running.ts';

describe('the overview of a pod', () => {
  it('has what is there and what has been, and comes every second', async () => {
    const pod = await runPod({ POD_UID: 'pod-a', IDLE_AFTER_MS: '50' });
    const devices = await Promise.all(['a', 'b', 'c'].map((id) => runDevice(pod, id)));
    const reader = await EventReader.open(`${pod.admin}/events`);
    await push(pod.callback, 'a');
    await push(pod.callback, 'nobody');
    await devices[0]!.close();

    const overview = await reader.first(
      ({ connections, states }) => connections === 2 && 'registered.idle' in (states as object),
    );

    expect(reader.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    expect(overview).toMatchObject({
      podId: 'pod-a',
      state: 'serving',
      states: { 'registered.idle': 2 },
      isRegistryUp: true,
      connects: [{ result: 'accepted', count: 3 }],
      closes: [{ code: '1005', reason: 'peer', count: 1 }],
      drain: { phase: 'serving', remaining: 2 },
      plan: { sweeps: 20 },
    });
    expect(overview['callbacks']).toEqual(
      expect.arrayContaining([
        { outcome: 'delivered', count: 1 },
        { outcome: 'not-connected', count: 1 },
      ]),
    );
    expect((overview['callbackSeconds'] as object[]).at(-1)).toEqual({ le: '+Inf', count: 2 });
    expect(overview['flows']).toContainEqual({
      from: 'registered.active',
      to: 'registered.idle',
      event: 'connection.idle',
      count: expect.any(Number),
    });
    expect(overview['lagMs']).toBeGreaterThanOrEqual(0);
  });

  it('shows a drain as it goes', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '60000', DRAIN_INTERVAL_MS: '300', DRAIN_SWEEPS: '8' });
    await runDevice(pod, 'a');
    const reader = await EventReader.open(`${pod.admin}/events`);

    pod.pod.terminate();
    const { drain } = await reader.first(({ state }) => String(state).startsWith('draining.'));

    expect(drain).toMatchObject({ phase: 'draining', sweeps: 8, remaining: 1 });
  });

  it('has the sweeps that are over, and comes once more when the pod is', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '60000', DRAIN_INTERVAL_MS: '50', DRAIN_SWEEPS: '2' });
    await runDevice(pod, 'a');
    const reader = await EventReader.open(`${pod.admin}/events`);
    await reader.first(({ state }) => state === 'serving');

    pod.pod.terminate();
    await reader.closed;
    const last = reader.events.at(-1)!.data;

    expect(last).toMatchObject({
      state: 'stopped',
      connections: 0,
      drain: { phase: 'stopped', closedActive: 1 },
      sweepsDone: [
        { sweep: 1, idle: 0, closed: 0, remaining: 1 },
        { sweep: 2, idle: 0, closed: 0, remaining: 1 },
        { sweep: 3, idle: 1, closed: 1 },
      ],
    });
  });

  it('is made once for all who look, and not at all while nobody does', async () => {
    const clock = new SteppedClock();
    const metrics = createMetrics();
    onTestFinished(() => metrics.close());
    const reads = vi.spyOn(metrics, 'read');
    const life = {
      connections: { stateCounts: new StateCounts(), size: 0 },
      state: () => 'serving',
      progress: () => ({}),
      drain: {},
    };
    const plan = loadConfig({}).drainPlan;
    const overviews = new Overviews({
      podId: 'p',
      startedAt: '',
      plan,
      runtime: life as PodRuntime,
      metrics,
      isRegistryUp: () => true,
      clock,
    });
    const seconds = async (count: number) => {
      for (let second = 0; second < count; second += 1) await clock.pass(1000, 1000);
      return reads.mock.calls.length;
    };

    const before = await seconds(3);
    const ends = [overviews.look(() => {}), overviews.look(() => {})];
    const looking = await seconds(3);
    for (const end of ends) end();
    const after = await seconds(3);

    expect([before, looking, after]).toEqual([0, 2 + 3, 2 + 3]);
  });
});
