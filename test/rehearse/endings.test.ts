import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Termination } from '../../src/rehearse/kubelet.ts';
import { terminate } from '../../src/rehearse/kubelet.ts';
import { PodProcess } from '../../src/rehearse/pod-process.ts';
import { Program } from '../../src/rehearse/program.ts';
import { ask } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { RawClient } from '../support/raw-client.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
/** A drain of at most 5 × 100 ms, 100 ms for the rest and 2 s for who does not answer. */
const brisk = { IDLE_AFTER_MS: '200', DRAIN_SWEEPS: '5', DRAIN_INTERVAL_MS: '100', TERMINATION_GRACE_MS: '6500' };
const exit0 = { code: 0, signal: null };

/** A real pod that is killed with the test. */
async function startPod(env: Record<string, string> = {}): Promise<PodProcess> {
  return PodProcess.start({
    name: 'pod-1',
    program: { command: process.execPath, args: [main] },
    env: { PATH: process.env['PATH'], ...brisk, ...env },
    spawned: (pod) => onTestFinished(() => pod.program.kill()),
  });
}

const addressOf = ({ deviceEndpoint: { host, port } }: PodProcess) => `${host}:${port}`;
const connect = (pod: PodProcess, deviceId = 'lamp-1') => Device.connect(addressOf(pod), deviceId);

function end(pod: PodProcess, options: Partial<Termination> = {}) {
  return terminate({
    container: pod.program,
    preStop: (signal) => pod.preStop(signal),
    removeEndpoint() {},
    hook: 'once',
    lagMs: 0,
    graceMs: Number(brisk.TERMINATION_GRACE_MS),
    clock: systemClock,
    ...options,
  });
}

describe('a pod that is told to go exits 0 within its grace', () => {
  it.each([
    ['once', 'answered'],
    ['twice', 'answered'],
    ['never', 'none'],
  ] as const)('with its hook delivered %s', async (hook, outcome) => {
    const pod = await startPod();
    const device = await connect(pod);

    const report = await end(pod, { hook });

    expect(report).toMatchObject({ hook: outcome, exit: exit0, overGrace: false });
    expect((await device.closed).code).toBe(1012);
    expect(pod.drainReport).toMatchObject({ outcome: 'drained', closedIdle: 1, closedActive: 0 });
  });

  it('at once when it has no connections', async () => {
    const pod = await startPod();

    const report = await end(pod);

    expect(report).toMatchObject({ hook: 'answered', exit: exit0, overGrace: false });
    expect(report.tookMs).toBeLessThan(1500);
  });

  it('when Redis is down, also for a hook that comes twice', async () => {
    const redis = await startRedis();
    const pod = await startPod({ REDIS_URL: redis.url });
    const device = await connect(pod);
    await redis.stop();

    const report = await end(pod, { hook: 'twice' });

    expect(report).toMatchObject({ hook: 'answered', exit: exit0, overGrace: false });
    expect((await device.closed).code).toBe(1012);
  });

  it('when nobody is idle: everyone is told with 1012 and unregistered', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const pod = await startPod({ REDIS_URL: redis.url });
    const devices = await Promise.all(Array.from({ length: 50 }, (_, index) => connect(pod, `lamp-${index}`)));
    for (const device of devices) talkOn(device);
    await until(async () => (await redis.client.keys('ws-connect:device:*')).length === devices.length);

    const report = await end(pod);

    const closes = await Promise.all(devices.map(({ closed }) => closed));
    expect(report).toMatchObject({ hook: 'answered', exit: exit0, overGrace: false });
    expect(new Set(closes.map(({ code }) => code))).toEqual(new Set([1012]));
    expect(pod.drainReport).toMatchObject({ sweeps: 5, closedIdle: 0, closedActive: devices.length });
    expect(await redis.client.keys('ws-connect:*')).toEqual([]);
  });

  it('when its clients are frozen and answer no close frame', async () => {
    const pod = await startPod();
    await Promise.all(['a', 'b', 'c'].map((deviceId) => RawClient.device(addressOf(pod), deviceId)));

    const report = await end(pod);

    expect(report).toMatchObject({ hook: 'answered', exit: exit0, overGrace: false });
    expect(report.tookMs).toBeGreaterThanOrEqual(2000);
  });
});

it('a pod whose endpoint still gets connections while it drains refuses them, and is out in time', async () => {
  const pod = await startPod();
  await connect(pod);
  let endpointIsGone = false;

  const ended = end(pod, { lagMs: 400, removeEndpoint: () => (endpointIsGone = true) });
  await until(async () => {
    const { port } = pod.deviceEndpoint;
    const asked = { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } };
    return (await ask(`http://127.0.0.1:${port}`, '/connect?deviceId=late', asked)).status === 503;
  });
  const wasStillThere = !endpointIsGone;

  expect(await ended).toMatchObject({ exit: exit0, overGrace: false });
  expect(wasStillThere).toBe(true);
});

describe('a process that ignores SIGTERM', () => {
  const stubborn = `process.on('SIGTERM', () => console.log('SIGTERM')); setInterval(() => {}, 1000); console.log('up')`;

  it.each([
    ['at the end of its grace', { hook: 'never', graceMs: 2500 }, 2500],
    ['2 s after SIGTERM when its hook took all of the grace', { hook: 'once', graceMs: 300 }, 2300],
  ] as const)('is killed %s', async (_, options, killedAfterMs) => {
    const lines: string[] = [];
    let up = () => {};
    const isUp = new Promise<void>((resolve) => (up = resolve));
    const program = new Program({
      command: process.execPath,
      args: ['-e', stubborn],
      env: process.env,
      onLine(line) {
        lines.push(line);
        up();
      },
    });
    onTestFinished(() => program.kill());
    await isUp;

    const report = await terminate({
      container: program,
      preStop: () => new Promise(() => {}),
      removeEndpoint() {},
      lagMs: 0,
      clock: systemClock,
      ...options,
    });

    expect(report).toMatchObject({ exit: { code: null, signal: 'SIGKILL' }, overGrace: true });
    expect(report.tookMs).toBeGreaterThanOrEqual(killedAfterMs);
    expect(lines).toEqual(['up', 'SIGTERM']);
  });
});

function talkOn(device: Device): void {
  const timer = setInterval(() => device.send('still here'), 50);
  device.socket.once('close', () => clearInterval(timer));
}
