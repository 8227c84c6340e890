import { SpanStatusCode } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { runDevice, runPod } from '../support/running.ts';
import { useSpans } from '../support/spans.ts';

const spans = useSpans();
const quick = { DRAIN_SWEEPS: '3', DRAIN_INTERVAL_MS: '50', RECONNECT_SPREAD_MS: '0' };

it('a drain is one span with an event for each sweep', async () => {
  const pod = await runPod({ ...quick, IDLE_AFTER_MS: '60000' });
  await Promise.all(['drained-1', 'drained-2'].map((deviceId) => runDevice(pod, deviceId)));
  pod.pod.terminate();
  await pod.pod.ended;

  const [drain] = await spans.ended('drain');

  expect(drain!.parentSpanContext).toBeUndefined();
  expect(drain!.attributes).toEqual({
    'ws_connect.connections': 2,
    'ws_connect.outcome': 'drained',
    'ws_connect.sweeps': 3,
    'ws_connect.closed_idle': 0,
    'ws_connect.closed_active': 2,
    'ws_connect.remaining': 0,
  });
  expect(drain!.events.map(({ name, attributes }) => [name, attributes])).toEqual(
    [1, 2, 3].map((sweep) => ['sweep', { 'ws_connect.sweep': sweep, 'ws_connect.remaining': 2 }]),
  );
  expect(drain!.status.code).toBe(SpanStatusCode.UNSET);
});

it('a drain that is ended by force is an error', async () => {
  const pod = await runPod({ IDLE_AFTER_MS: '60000' });
  await runDevice(pod, 'drained-3');
  pod.pod.terminate();
  pod.pod.terminate();
  await pod.pod.ended;

  const [drain] = await spans.ended('drain', ({ attributes }) => attributes['ws_connect.outcome'] === 'deadline');

  expect(drain!.attributes['ws_connect.remaining']).toBe(1);
  expect(drain!.status.code).toBe(SpanStatusCode.ERROR);
});
