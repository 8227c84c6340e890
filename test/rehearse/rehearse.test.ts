import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { PodRecord } from '../../src/registry/registry.ts';
import type { Report } from '../../src/rehearse/report.ts';
import { Child } from '../support/child.ts';
import { ask } from '../support/ask.ts';
import { startProcess } from '../support/process.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

vi.setConfig({ testTimeout: 60_000 }); // several processes on a machine that may be busy

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
/** Drains of a second and a half. */
const brisk = { IDLE_AFTER_MS: '300', DRAIN_SWEEPS: '10', DRAIN_INTERVAL_MS: '120', DRAIN_MIN_BATCH: '5' };

function rehearse(args: string[], env: Record<string, string> = {}): Child {
  return new Child(process.execPath, [main, 'rehearse', ...args], { env: { ...brisk, ...env } });
}

async function ownRedis(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return redis;
}

type Printed = Report & { broken: string[] };

it('rolls a fleet of real pods: nothing lost, nothing wrong, everyone back', async () => {
  const { url } = await ownRedis();
  const child = rehearse(['--pods', '2', '--devices', '60', '--json', '--redis', url]);

  const { code } = await child.exited;

  const { callbacks, devices, pods, broken } = JSON.parse(child.lines.join('\n')) as Printed;
  expect({ code, broken }).toEqual({ code: 0, broken: [] });
  expect(callbacks).toMatchObject({ delivered: callbacks.sent, lost: 0, wrong: 0, duplicated: 0 });
  expect(callbacks.sent).toBeGreaterThan(100);
  expect(devices).toMatchObject({ count: 60, neverBack: 0 });
  expect(devices.moves).toBeGreaterThanOrEqual(60);
  expect(pods).toMatchObject({ replaced: 2, overGrace: 0 });
  expect(pods.departures.map(({ pod, exitCode }) => `${pod} ${exitCode}`)).toEqual(['pod-1 0', 'pod-2 0']);
  expect(pods.closedIdle + pods.closedActive).toBe(devices.moves);
  expect(child.stderr).toContain('pod-3 is ready, pod-1 is told to stop');
});

it('watches a fleet elsewhere and leaves it alone', async () => {
  const pod = startProcess();
  const { device, callback } = await pod.ready();
  const at = ['--devices-at', `ws://${device}`, '--callbacks-at', callback, '--seconds', '1'];

  const child = rehearse([...at, '--devices', '20', '--slow', '0', '--max-duplicated', '0']);
  const { code } = await child.exited;

  expect(code).toBe(0);
  expect(child.lines.find((line) => line.startsWith('callbacks'))).toMatch(/[1-9]\d+ sent, .* 0 lost, 0 duplicated$/);
  expect(child.lines.at(-1)).toBe('passed');
  expect(pod.log.all('drain began')).toEqual([]);
});

it('exits 1 and says which limit was passed', async () => {
  const pod = startProcess();
  const { device, callback } = await pod.ready();
  const nobody = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void nobody.close());
  const at = ['--devices-at', `ws://${device}`, '--seconds', '1', '--deadline-ms', '500'];
  const { port } = nobody.address() as { port: number };

  const child = rehearse([...at, '--callbacks-at', `${callback},http://127.0.0.1:${port}`, '--devices', '5']);
  const { code } = await child.exited;

  expect(code).toBe(1);
  expect(child.lines.at(-1)).toMatch(/^FAILED: callbacks lost: \d+, allowed 0$/);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it and every pod it has started', async (signal, expectedCode) => {
  const { url, client } = await ownRedis();
  const child = rehearse(['--pods', '2', '--devices', '10', '--redis', url]);
  await child.wrote('connected', () => child.stderr.includes('callbacks begin') || undefined);
  const pods = await Promise.all((await client.keys('*:pod:*')).map((key) => client.get(key)));

  child.signal(signal);
  const { code } = await child.exited;

  expect(code).toBe(expectedCode);
  expect(pods).toHaveLength(2);
  for (const pod of pods) {
    const { serverIp, port } = JSON.parse(pod!) as PodRecord;
    await expect(ask(`http://${serverIp}:${port}`, '/connections/lamp-1')).rejects.toThrow('ECONNREFUSED');
  }
});

it('says what is missing when there is no Redis to be had', async () => {
  const child = rehearse([], { PATH: '/nowhere' });

  const { code } = await child.exited;

  expect(code).toBe(2);
  expect(child.stderr).toContain('--redis URL');
});

it('says what the pods would refuse before it starts any', async () => {
  const child = rehearse(['--grace-ms', '1000']);

  const { code } = await child.exited;

  expect(code).toBe(2);
  expect(child.stderr).toContain('TERMINATION_GRACE_MS=1000');
});
