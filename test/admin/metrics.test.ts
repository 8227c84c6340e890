import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { exposeLag } from '../../src/observe/metrics/gauges.ts';
import { ask, metric, metrics, push } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

it('every metric of the contract is there, with its help and type', async () => {
  const pod = await runPod();
  const device = await runDevice(pod);
  await push(pod.callback, 'lamp-1');
  await device.close();

  const { status, headers, body } = await ask(pod.admin, '/metrics');
  const types = Object.fromEntries([...body.toString().matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, a, b]) => [a, b]));

  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/plain');
  expect(types).toMatchObject({
    ws_connect_connections: 'gauge',
    ws_connect_connects_total: 'counter',
    ws_connect_closes_total: 'counter',
    ws_connect_callbacks_total: 'counter',
    ws_connect_callback_duration_seconds: 'histogram',
    ws_connect_registry_operations_total: 'counter',
    ws_connect_registry_operation_duration_seconds: 'histogram',
    ws_connect_registry_unregistered_connections: 'gauge',
    ws_connect_registry_up: 'gauge',
    ws_connect_registry_dirty_connections: 'gauge',
    ws_connect_registry_oldest_dirty_seconds: 'gauge',
    ws_connect_takeovers_total: 'counter',
    ws_connect_drain_phase: 'gauge',
    ws_connect_drain_closed_total: 'counter',
    ws_connect_event_loop_lag_seconds: 'gauge',
    ws_connect_log_lines_dropped_total: 'counter',
    process_cpu_seconds_total: 'counter',
    process_open_fds: 'gauge',
    nodejs_eventloop_lag_seconds: 'gauge',
  });
});

it('no metric ever holds a deviceId or a traceId', async () => {
  const pod = await runPod();
  const device = await runDevice(pod, 'lamp-4711');
  const { json } = await push(pod.callback, 'lamp-4711');
  await push(pod.callback, 'lamp-4712');
  await ask(pod.callback, '/connections/lamp-4713', { method: 'DELETE' });
  device.socket.close(4000, 'lamp-4714');
  await device.closed;

  const { body } = await ask(pod.admin, '/metrics');

  expect(body.toString()).not.toContain('lamp-47');
  expect(body.toString()).not.toContain((json as { traceId: string }).traceId);
});

it('registry operations are counted by their result', async () => {
  const pod = await runPod();
  const device = await runDevice(pod);
  await push(pod.callback, 'nobody');
  await device.close();

  const count = (operation: string) =>
    metric(pod.admin, `ws_connect_registry_operations_total{operation="${operation}",result="ok"}`);

  expect(await until(() => count('unregister'))).toBe(1);
  expect(await count('register')).toBe(1);
  expect(await count('lookup')).toBe(1);
  expect(await count('write-pod')).toBe(1);
});

it('connections that the registry does not know yet are counted, and for how long', async () => {
  const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
  await runDevice(pod);
  await until(() => metric(pod.admin, 'ws_connect_registry_dirty_connections'));

  const registry = await metrics(pod.admin, 'ws_connect_registry_');

  expect(registry).toMatchObject({
    ws_connect_registry_up: 0,
    ws_connect_registry_unregistered_connections: 1,
    ws_connect_registry_dirty_connections: 1,
    ws_connect_registry_oldest_dirty_seconds: expect.closeTo(0, 0),
  });
  expect(await until(() => metric(pod.admin, 'ws_connect_registry_oldest_dirty_seconds'))).toBeGreaterThan(0);
});

it('a registry that answers is up, and has nothing to repair', async () => {
  const pod = await runPod();
  await runDevice(pod);
  await until(() => metric(pod.admin, 'ws_connect_connections{state="registered.active"}'));
  await until(async () => (await metric(pod.admin, 'ws_connect_registry_dirty_connections')) === 0);

  const registry = await metrics(pod.admin, 'ws_connect_registry_');

  expect(registry).toMatchObject({
    ws_connect_registry_up: 1,
    ws_connect_registry_unregistered_connections: 0,
    ws_connect_registry_dirty_connections: 0,
    ws_connect_registry_oldest_dirty_seconds: 0,
  });
});

it('a command that the registry was never sent is counted as failed', async () => {
  const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });

  const failed = () => metric(pod.admin, 'ws_connect_registry_operations_total{operation="check",result="failed"}');

  expect(await until(failed)).toBeGreaterThan(0);
});

it('open files are counted, the sockets of devices among them', async () => {
  const pod = await runPod();
  const before = await metric(pod.admin, 'process_open_fds');
  for (let index = 0; index < 20; index += 1) await runDevice(pod, `lamp-${index}`);

  const after = await metric(pod.admin, 'process_open_fds');

  expect(after - before).toBeGreaterThanOrEqual(40); // both ends are in this process
});

it('what would hold up the event loop for each of many sockets is left out', async () => {
  const pod = await runPod();

  expect(await metrics(pod.admin, 'nodejs_active_')).toEqual({});
  expect(await metrics(pod.admin, '# TYPE nodejs_active_')).toEqual({});
});

it('the phase of the drain is a number', async () => {
  const pod = await runPod({ IDLE_AFTER_MS: '60000' });
  await runDevice(pod);
  const before = await metric(pod.admin, 'ws_connect_drain_phase');
  pod.pod.terminate();
  await pod.logged('drain began');

  const during = await metric(pod.admin, 'ws_connect_drain_phase');

  expect([before, during]).toEqual([0, 1]);
});

it('the lag of the event loop is in seconds, and of the time since the last scrape', async () => {
  const registry = new Registry();
  const lag = {
    longestMs: 250,
    reset() {
      this.longestMs = 0;
    },
  };
  exposeLag([registry], lag);
  const read = async () => (await registry.metrics()).split('\n')[2];

  const seen = [await read(), await read()];

  expect(seen).toEqual(['ws_connect_event_loop_lag_seconds 0.25', 'ws_connect_event_loop_lag_seconds 0']);
});

it('two pods in one process count apart', async () => {
  const one = await runPod();
  const other = await runPod();
  await runDevice(one);

  const counts = await Promise.all(
    [one, other].map(({ admin }) => metric(admin, 'ws_connect_connects_total{result="accepted"}')),
  );

  expect(counts).toEqual([1, 0]);
});
