import { expect, it, onTestFinished } from 'vitest';
import type { DrainReport } from '../../src/drain/drain-report.ts';
import { Device } from '../support/device.ts';
import { startProcess } from '../support/process.ts';

const drained = { code: 0, signal: null };
/** A drain of moments. */
const brisk = { IDLE_AFTER_MS: '200', DRAIN_SWEEPS: '20', DRAIN_INTERVAL_MS: '100' };
/** A Redis that is not there: nothing listens on port 1. */
const noRedis = { REDIS_URL: 'redis://127.0.0.1:1' };

it('SIGTERM ends a pod without devices at once, with exit code 0', async () => {
  const pod = startProcess();
  await pod.ready();

  pod.signal('SIGTERM');
  const exit = await pod.exited;

  expect(exit).toEqual(drained);
  expect(pod.log.all('drain over')).toMatchObject([{ outcome: 'drained', closedIdle: 0, closedActive: 0 }]);
  expect(pod.log.all('stopped')).toMatchObject([{ exitCode: 0 }]);
});

it('SIGTERM drains an idle device with 1012, and the exit code is 0', async () => {
  const pod = startProcess(brisk);
  const { device: address } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');

  pod.signal('SIGTERM');
  const close = await device.closed;

  expect(close.code).toBe(1012);
  expect(JSON.parse(close.reason)).toEqual({ reconnectAfterMs: expect.any(Number) });
  expect(await pod.exited).toEqual(drained);
  expect(pod.log.all('drain over')).toMatchObject([{ outcome: 'drained', closedIdle: 1, closedActive: 0 }]);
});

it('SIGTERM spares a device that talks until the last sweep, then closes it with 1012', async () => {
  const pod = startProcess({ ...brisk, DRAIN_SWEEPS: '3' });
  const { device: address } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');
  const timer = setInterval(() => device.send('still here'), 20);
  onTestFinished(() => clearInterval(timer));

  pod.signal('SIGTERM');
  const close = await device.closed;

  expect(close.code).toBe(1012);
  expect(await pod.exited).toEqual(drained);
  expect(pod.log.all('sweep done').map(({ sweep, closed }) => ({ sweep, closed }))).toEqual([
    { sweep: 1, closed: 0 },
    { sweep: 2, closed: 0 },
    { sweep: 3, closed: 0 },
  ]);
  expect(pod.log.all('drain over')).toMatchObject([{ outcome: 'drained', closedIdle: 0, closedActive: 1 }]);
});

it('a second SIGTERM ends the pod at once with exit code 1, and the log says what was left', async () => {
  const pod = startProcess();
  const { device: address } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');
  pod.signal('SIGTERM');
  await pod.logged('drain began');

  const asked = performance.now();
  pod.signal('SIGTERM');
  const exit = await pod.exited;

  expect(exit).toEqual({ code: 1, signal: null });
  expect(performance.now() - asked).toBeLessThan(1500);
  expect((await device.closed).code).toBe(1006);
  expect(pod.log.all('drain over')).toMatchObject([{ outcome: 'deadline', remaining: 1 }]);
  expect(pod.log.all('stopped')).toMatchObject([{ exitCode: 1 }]);
});

it('a drain that does not end before its deadline is forced: exit code 1, and /pre-stop reports what was left', async () => {
  const pod = startProcess({ DRAIN_DEADLINE_MS: '300' });
  const { device: address, admin } = await pod.ready();
  await Device.connect(address, 'lamp-1');

  const answer = await fetch(`${admin}/pre-stop`);

  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ outcome: 'deadline', remaining: 1, closedIdle: 0 });
  expect(await pod.exited).toEqual({ code: 1, signal: null });
});

it('SIGTERM before Redis was ever reached ends the pod with exit code 0', async () => {
  const pod = startProcess(noRedis);
  const { admin } = await pod.listening();
  const probes = await Promise.all([fetch(`${admin}/livez`), fetch(`${admin}/readyz`)]);

  const asked = performance.now();
  pod.signal('SIGTERM');
  const exit = await pod.exited;

  expect(probes.map(({ status }) => status)).toEqual([200, 503]);
  expect(exit).toEqual(drained);
  expect(performance.now() - asked).toBeLessThan(3000);
  expect(pod.log.all('ready')).toEqual([]);
});

it('SIGTERM before Redis was ever reached drains the devices that are here', async () => {
  const pod = startProcess({ ...noRedis, ...brisk });
  const { device: address } = await pod.listening();
  const device = await Device.connect(address, 'lamp-1');

  pod.signal('SIGTERM');
  const close = await device.closed;

  expect(close.code).toBe(1012);
  expect(await pod.exited).toEqual(drained);
});

it('/pre-stop and SIGTERM together are one drain, which every hook reports', async () => {
  const pod = startProcess(brisk);
  const { device: address, admin } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');

  const hooks = [fetch(`${admin}/pre-stop`), fetch(`${admin}/pre-stop`, { method: 'POST' })];
  await pod.logged('drain began');
  pod.signal('SIGTERM');
  const answers = await Promise.all(hooks);
  const [first, second] = (await Promise.all(answers.map((answer) => answer.json()))) as DrainReport[];

  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(first).toMatchObject({ outcome: 'drained', closedIdle: 1, remaining: 0 });
  expect(second).toEqual(first);
  expect((await device.closed).code).toBe(1012);
  expect(await pod.exited).toEqual(drained);
  expect(pod.log.all('drain began')).toHaveLength(1);
});

it('a hook that is called while the drain of a SIGTERM runs waits for its end', async () => {
  const pod = startProcess(brisk);
  const { device: address, admin } = await pod.ready();
  await Device.connect(address, 'lamp-1');
  pod.signal('SIGTERM');
  await pod.logged('drain began');

  const answer = await fetch(`${admin}/pre-stop`);

  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ outcome: 'drained', closedIdle: 1 });
  expect(await pod.exited).toEqual(drained);
  expect(pod.log.all('drain began')).toHaveLength(1);
});

it('two SIGINT of one keystroke, as npm makes of Ctrl-C, are one drain', async () => {
  const pod = startProcess(brisk);
  const { device: address } = await pod.ready();
  const device = await Device.connect(address, 'lamp-1');

  pod.signal('SIGINT');
  await pod.logged('drain began');
  pod.signal('SIGINT');
  const close = await device.closed;

  expect(close.code).toBe(1012);
  expect(await pod.exited).toEqual(drained);
});

it('a probe sees a live pod that is not ready while it drains', async () => {
  const pod = startProcess(brisk);
  const { device: address, admin } = await pod.ready();
  await Device.connect(address, 'lamp-1');
  const before = await fetch(`${admin}/readyz`);
  pod.signal('SIGTERM');
  await pod.logged('drain began');

  const during = await Promise.all([fetch(`${admin}/livez`), fetch(`${admin}/readyz`), fetch(`${admin}/drain`)]);

  expect(before.status).toBe(200);
  expect(during.map(({ status }) => status)).toEqual([200, 503, 200]);
  expect(await during[2].json()).toMatchObject({ phase: 'draining', remaining: 1 });
  expect(await pod.exited).toEqual(drained);
});
