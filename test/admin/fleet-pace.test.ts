import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { metric } from '../support/ask.ts';
import type { Device } from '../support/device.ts';
import type { TestPod } from '../support/pod.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedis();
});
afterEach(() => redis.stop());

const devicesEach = 30;
const perSecond = 50;
/** What a fleet that has not closed anything for a while may close at once. */
const atOnce = 5;

/** A pod full of idle devices, and sweeps enough to wait for the fleet. */
async function fullPod(env: Environment = {}): Promise<{ pod: TestPod; devices: Device[] }> {
  const pod = await runPod({
    REDIS_URL: redis.url,
    FLEET_CLOSES_PER_SECOND: String(perSecond),
    DRAIN_PACE: 'burst',
    DRAIN_INTERVAL_MS: '200',
    IDLE_AFTER_MS: '100',
    ...env,
  });
  const { podId } = (await pod.logged('ready')) as { podId: string };
  const ids = Array.from({ length: devicesEach }, (_, index) => `${podId}-${index}`);
  const devices = await Promise.all(ids.map((id) => runDevice(pod, id)));
  await until(async () => (await metric(pod.admin, 'ws_connect_connections{state="registered.idle"}')) === devicesEach);
  return { pod, devices };
}

async function drain(pods: { pod: TestPod; devices: Device[] }[]) {
  const startedAt = performance.now();
  for (const { pod } of pods) pod.pod.terminate();
  await Promise.all(pods.flatMap(({ devices }) => devices.map(({ closed }) => closed)));
  const tookMs = performance.now() - startedAt;
  return { tookMs, exitCodes: await Promise.all(pods.map(({ pod }) => pod.pod.ended)) };
}

describe('pods that drain at the same time', () => {
  it('share the limit of the fleet', async () => {
    const pods = await Promise.all([fullPod(), fullPod()]);

    const { tookMs, exitCodes } = await drain(pods);

    expect(tookMs).toBeGreaterThan(((2 * devicesEach - atOnce) / perSecond) * 1000);
    expect(exitCodes).toEqual([0, 0]);
  });

  it('close what is left after the last sweep all the same: the grace does not wait for the fleet', async () => {
    const pods = await Promise.all([fullPod({ DRAIN_SWEEPS: '2' }), fullPod({ DRAIN_SWEEPS: '2' })]);

    const { exitCodes } = await drain(pods);

    const reports = pods.map(({ pod }) => pod.logs.find(({ msg }) => msg === 'drain over'));
    expect(reports).toMatchObject([1, 2].map(() => ({ outcome: 'drained', sweeps: 2, remaining: 0 })));
    expect(exitCodes).toEqual([0, 0]);
  });

  it('go on alone while Redis is away', async () => {
    const pods = await Promise.all([
      fullPod({ FLEET_CLOSES_PER_SECOND: '1' }),
      fullPod({ FLEET_CLOSES_PER_SECOND: '1' }),
    ]);
    await redis.stop();
    await Promise.all(
      pods.map(({ pod }) => until(async () => (await metric(pod.admin, 'ws_connect_registry_up')) === 0)),
    );

    const { exitCodes } = await drain(pods);

    const first = pods.map(({ pod }) => pod.logs.find(({ msg }) => msg === 'sweep done')?.['closed']);
    expect(first).toEqual([devicesEach, devicesEach]);
    expect(exitCodes).toEqual([0, 0]);
  });
});
