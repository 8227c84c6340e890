import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { parseRehearseOptions } from '../../src/rehearse/options.ts';
import { rehearse } from '../../src/rehearse/rehearse.ts';
import { openHaproxy } from '../support/haproxy.ts';
import { startRedis } from '../support/redis.ts';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const brisk = { IDLE_AFTER_MS: '500', DRAIN_SWEEPS: '20', DRAIN_INTERVAL_MS: '200', DRAIN_MIN_BATCH: '5' };

/** Rolls a fleet behind haproxy as we recommend it to be set up. */
async function roll(...args: string[]) {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return rehearse({
    options: parseRehearseOptions(['--redis', redis.url, ...args]),
    program: { command: process.execPath, args: [main] },
    env: { ...process.env, ...brisk },
    openBalancer: openHaproxy,
    clock: systemClock,
    tell() {},
    signal: new AbortController().signal,
  });
}

it('behind haproxy a rolling update loses nothing and refuses nobody', { timeout: 90_000 }, async () => {
  const { callbacks, devices, pods } = await roll('--devices', '150', '--rate', '100');

  expect(callbacks).toMatchObject({ delivered: callbacks.sent, lost: 0, duplicated: 0, wrong: 0 });
  expect(devices).toMatchObject({ neverBack: 0, refusals: {} });
  expect(Object.keys(devices.closes)).toEqual(['1012']);
  expect(pods).toMatchObject({ replaced: 3, overGrace: 0 });
});

it(
  'a pod that DNS names for as long as it drains refuses nobody: haproxy asks the next',
  { timeout: 90_000 },
  async () => {
    const { callbacks, devices, pods } = await roll('--devices', '100', '--pods', '2', '--lag-ms', '20000');

    expect(callbacks).toMatchObject({ lost: 0, wrong: 0 });
    expect(devices).toMatchObject({ neverBack: 0, refusals: {} });
    expect(pods).toMatchObject({ replaced: 2, overGrace: 0 });
  },
);
