import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { HookDelivery } from '../../src/rehearse/kubelet.ts';
import { terminate } from '../../src/rehearse/kubelet.ts';
import { PodProcess } from '../../src/rehearse/pod-process.ts';
import { Device } from '../support/device.ts';
import { RawClient } from '../support/raw-client.ts';
import { startRedis } from '../support/redis.ts';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const graceMs = 45_000;
const atOnce = 200;

type Behaviour = 'idle' | 'busy' | 'frozen';

interface Ending {
  count: number;
  behaviour: Behaviour;
  hook: HookDelivery;
  redis: 'up' | 'down';
}

it.each<Ending>([
  { count: 0, behaviour: 'idle', hook: 'once', redis: 'up' },
  { count: 1000, behaviour: 'idle', hook: 'once', redis: 'up' },
  { count: 1000, behaviour: 'idle', hook: 'twice', redis: 'up' },
  { count: 1000, behaviour: 'idle', hook: 'never', redis: 'up' },
  { count: 1000, behaviour: 'idle', hook: 'once', redis: 'down' },
  { count: 1000, behaviour: 'frozen', hook: 'once', redis: 'up' },
  { count: 1000, behaviour: 'busy', hook: 'once', redis: 'up' },
  { count: 15_000, behaviour: 'idle', hook: 'once', redis: 'up' },
])('with the default drain a pod exits 0 within its grace: %o', { timeout: 120_000 }, async (ending) => {
  const { count, behaviour, hook, redis: state } = ending;
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const pod = await PodProcess.start({
    name: 'pod-1',
    program: { command: process.execPath, args: [main] },
    env: { PATH: process.env['PATH'], REDIS_URL: redis.url },
    spawned: ({ program }) => onTestFinished(() => program.kill()),
  });
  const closes = await connectAll(pod, count, behaviour);
  if (state === 'down') await redis.stop();

  const report = await terminate({
    container: pod.program,
    preStop: (signal) => pod.preStop(signal),
    removeEndpoint() {},
    hook,
    lagMs: 0,
    graceMs,
    clock: systemClock,
  });

  const seconds = (report.tookMs / 1000).toFixed(1);
  const { closedIdle, closedActive } = pod.drainReport!;
  console.log(
    `${count} ${behaviour}, hook ${hook}, Redis ${state}: gone after ${seconds} s, exit ${report.exit.code}, ` +
      `closed ${closedIdle} idle and ${closedActive} busy`,
  );
  expect(report).toMatchObject({ exit: { code: 0, signal: null }, overGrace: false });
  expect(new Set(await Promise.all(closes))).toEqual(new Set(closes.length > 0 ? [1012] : []));
  expect({ closedIdle, closedActive }).toEqual(
    behaviour === 'busy' ? { closedIdle: 0, closedActive: count } : { closedIdle: count, closedActive: 0 },
  );
});

/** Connects so many. Resolves with what they will be closed with; a frozen one never knows. */
async function connectAll({ deviceEndpoint: { host, port } }: PodProcess, count: number, behaviour: Behaviour) {
  const closes: Promise<number>[] = [];
  const address = `${host}:${port}`;
  let next = 0;
  const lane = async () => {
    while (next < count) {
      next += 1;
      if (behaviour === 'frozen') {
        (await RawClient.device(address, `lamp-${next}`)).socket.pause();
        continue;
      }
      const device = await Device.connect(address, `lamp-${next}`);
      if (behaviour === 'busy') talkOn(device);
      closes.push(device.closed.then(({ code }) => code));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return closes;
}

function talkOn(device: Device): void {
  const timer = setInterval(() => device.send('still here'), 1000);
  device.socket.once('close', () => clearInterval(timer));
}
