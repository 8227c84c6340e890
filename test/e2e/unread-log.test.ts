import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ask, metric } from '../support/ask.ts';
import { Child } from '../support/child.ts';
import { Device } from '../support/device.ts';
import { Fifo } from '../support/fifo.ts';
import type { LogLine, PodAddresses } from '../support/process.ts';
import { addressesOf, program } from '../support/process.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const host = '127.0.0.1';
/** Throws at SIGUSR2 what nobody catches. */
const crashing = "--import data:text/javascript,process.on('SIGUSR2',()=>{throw(new(Error)('boom'))})";
/** A Redis that is not there, so that each lookup writes a line: nothing listens on port 1. */
const noRedis = { REDIS_URL: 'redis://127.0.0.1:1' };

interface UnreadPod extends PodAddresses {
  child: Child;
  stdout: Fifo;
}

/** A pod whose stdout is a named pipe that nobody reads once it listens. */
async function unreadPod(env: Record<string, string> = {}): Promise<UnreadPod> {
  const stdout = new Fifo();
  const settings = { HOST: host, POD_IP: host, DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' };
  const command = ['-c', 'exec "$0" "$1" > "$2"', process.execPath, program, stdout.path];
  const child = new Child('sh', command, { env: { ...settings, ...noRedis, LOG_LEVEL: 'debug', ...env } });
  const text = await stdout.has('"listening"}\n');
  return {
    ...addressesOf(
      linesOf(text).find(({ msg }) => msg === 'listening')!,
      host,
    ),
    child,
    stdout,
  };
}

/** Makes the pod write this many lines `lookup failed` of about 600 bytes. */
async function writeLines({ callback }: PodAddresses, count: number): Promise<void> {
  const client = await RawClient.connect(callback);
  client.send(requestHead('GET', '/connections/nobody').repeat(count));
  const answers = () => client.received.toString('latin1').split('HTTP/1.1 503').length - 1;
  while (answers() < count) await once(client.socket, 'data');
  client.socket.destroy();
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);

/** More than a pipe holds. */
const linesThatFill = 300;

it('a pod whose log nobody reads answers, drains on SIGTERM, and exits with 0', async () => {
  const pod = await unreadPod({ IDLE_AFTER_MS: '200', DRAIN_INTERVAL_MS: '100' });
  await writeLines(pod, linesThatFill);

  const { status } = await ask(pod.admin, '/livez');
  const device = await Device.connect(pod.device, 'lamp-1');
  pod.child.signal('SIGTERM');
  const close = await device.closed;
  const exit = await pod.child.exited;

  expect(status).toBe(200);
  expect(close.code).toBe(1012);
  expect(exit).toEqual({ code: 0, signal: null });
});

it('a pod whose log nobody reads is ended by a second SIGTERM with exit code 1', async () => {
  const pod = await unreadPod();
  await writeLines(pod, linesThatFill);
  await Device.connect(pod.device, 'lamp-1');

  pod.child.signal('SIGTERM');
  await until(async () => (await metric(pod.admin, 'ws_connect_drain_phase')) === 1);
  pod.child.signal('SIGTERM');

  expect(await pod.child.exited).toEqual({ code: 1, signal: null });
});

it('a crash of a pod whose log nobody reads ends it with exit code 1', async () => {
  const pod = await unreadPod({ NODE_OPTIONS: crashing });
  await writeLines(pod, linesThatFill);

  pod.child.signal('SIGUSR2');

  expect(await pod.child.exited).toEqual({ code: 1, signal: null });
  expect(pod.child.stderr).toContain('boom');
});

it.each([
  ['SIGTERM', 'stopped'],
  ['SIGUSR2', 'crashed'],
] as const)('a reader that is back at the end by %s gets everything up to the line "%s"', async (signal, last) => {
  const pod = await unreadPod({ NODE_OPTIONS: crashing });
  await writeLines(pod, linesThatFill);

  pod.child.signal(signal);
  const lines = linesOf(await pod.stdout.has(`"${last}"}\n`));

  expect(lines.filter(({ msg }) => msg === 'lookup failed')).toHaveLength(linesThatFill);
  expect(lines.at(-1)!.msg).toBe(last);
  await pod.child.exited;
});

it('lines that nobody reads in time are counted, and a line says how many once somebody reads', async () => {
  const pod = await unreadPod();
  const dropped = () => metric(pod.admin, 'ws_connect_log_lines_dropped_total');

  const before = await dropped();
  while ((await dropped()) === 0) await writeLines(pod, 1000);
  const lines = linesOf(await pod.stdout.has('log lines were dropped here'));
  const after = await dropped();

  expect(before).toBe(0);
  expect(lines.find(({ msg }) => msg.startsWith('log lines were dropped'))).toMatchObject({
    podId: pod.podId,
    lines: after,
  });
});
