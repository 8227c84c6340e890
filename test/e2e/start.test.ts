import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { asyncapi } from '../../src/documents/asyncapi.ts';
import { openapi } from '../../src/documents/openapi.ts';
import { Child } from '../support/child.ts';
import { Device } from '../support/device.ts';
import { freePort } from '../support/free-port.ts';
import { program, runProgram, startProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

it.each(['DEVICE_PORT', 'CALLBACK_PORT', 'ADMIN_PORT'])(
  'a %s in use ends the start with exit code 1 and its name on stderr',
  async (variable) => {
    const taken = await takenPort();

    const { code, stderr } = await runProgram({ [variable]: String(taken) });

    expect(code).toBe(1);
    expect(stderr).toBe(`ws-connect: ${variable}=${taken}: cannot listen on 127.0.0.1: the port is in use\n`);
  },
);

it.each([
  ['DRAIN_SWEEPS', '-1', /1 to 1000/],
  ['DEVICE_PORT', '65536', /0 to 65535/],
  ['POD_IP', 'localhost', /an IP address/],
  ['DRAIN_PACE', 'slow', /even or burst/],
])('%s=%s ends the start with exit code 2 and one line that says what is allowed', async (variable, value, allowed) => {
  const { code, stdout, stderr } = await runProgram({ [variable]: value });

  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.startsWith(`ws-connect: ${variable}=${value} is not allowed. Use `)).toBe(true);
  expect(stderr).toMatch(allowed);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

it.each(['redis://user:s3cr3t', 'redis://:s3cr3t:6379', 'user:s3cr3t@redis', 'redis://redis/s3cr3t'])(
  'REDIS_URL=%s ends the start with exit code 2, and without the password',
  async (url) => {
    const { code, stdout, stderr } = await runProgram({ REDIS_URL: url });

    expect(code).toBe(2);
    expect(stderr).toMatch(/^ws-connect: REDIS_URL=(redis:\/\/)?\*\*\* is not allowed\. Use redis:\/\//);
    expect(stdout + stderr).not.toContain('s3cr3t');
  },
);

it('an unknown argument ends the start with exit code 2 and its name on stderr', async () => {
  const { code, stdout, stderr } = await runProgram({}, ['--drain-gently']);

  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('--drain-gently');
});

it('--help lists the variables and exits with 0', async () => {
  const { code, stdout, stderr } = await runProgram({}, ['--help']);

  expect(code).toBe(0);
  expect(stderr).toBe('');
  for (const name of ['DEVICE_PORT', 'REDIS_URL', 'DRAIN_SWEEPS', 'TERMINATION_GRACE_MS'])
    expect(stdout).toContain(name);
});

it('--help is there even when the configuration is bad', async () => {
  const { code } = await runProgram({ DRAIN_SWEEPS: '-1' }, ['--help']);

  expect(code).toBe(0);
});

it('--print-config shows the effective values as JSON and exits with 0', async () => {
  const { code, stdout } = await runProgram({ DRAIN_SWEEPS: '7' }, ['--print-config']);

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ DRAIN_SWEEPS: '7', DRAIN_INTERVAL_MS: '1000' });
});

it.each(['redis://gateway:s3cr3t@127.0.0.1:6379', 'rediss://:s3cr3t@127.0.0.1:6379/1'])(
  '--print-config does not show the password in %s',
  async (url) => {
    const { code, stdout } = await runProgram({ REDIS_URL: url, POD_IP: '127.0.0.1' }, ['--print-config']);

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('REDIS_URL', expect.stringContaining('127.0.0.1:6379'));
    expect(stdout).not.toContain('s3cr3t');
  },
);

it.each([
  ['openapi', openapi],
  ['asyncapi', asyncapi],
])('%s shows all of that document, also through a pipe', async (command, document) => {
  const child = new Child('sh', ['-c', `"${process.execPath}" "${program}" ${command} | head -c 1000000`]);

  await child.exited;

  expect(JSON.parse(child.lines.join('\n'))).toEqual(JSON.parse(JSON.stringify(document())));
});

it('a password that Redis refuses is in no log line', async () => {
  const redis = await startRedis(['--requirepass', 'right']);
  onTestFinished(() => redis.stop());
  const pod = startProcess({ REDIS_URL: `redis://:wr0ng-s3cr3t@127.0.0.1:${redis.port}`, LOG_LEVEL: 'debug' });
  await pod.listening();

  await pod.logged('the connection to Redis failed');
  await pod.logged('the pod record could not be written');
  pod.signal('SIGTERM');
  await pod.exited;

  expect(pod.child.lines.filter((line) => line.includes('wr0ng-s3cr3t'))).toEqual([]);
  expect(pod.child.stderr).not.toContain('wr0ng-s3cr3t');
});

it('a pod is ready by itself once Redis has come up, and registers the devices that were earlier', async () => {
  const port = await freePort();
  const pod = startProcess({ REDIS_URL: `redis://127.0.0.1:${port}`, LEASE_TTL_MS: '1500' });
  const { admin, device: address, callback, podId } = await pod.listening();
  const device = await Device.connect(address, 'lamp-1');
  const before = await Promise.all([fetch(`${admin}/livez`), fetch(`${admin}/readyz`)]);

  const redis = await startRedis(['--port', String(port)]);
  onTestFinished(() => redis.stop());
  await pod.ready();
  const after = await fetch(`${admin}/readyz`);
  const entry = JSON.parse(await until(() => redis.client.get('ws-connect:device:{lamp-1}'))) as object;

  expect(before.map(({ status }) => status)).toEqual([200, 503]);
  expect(after.status).toBe(200);
  expect(entry).toMatchObject({ v: 1, podId, serverIp: '127.0.0.1', port: Number(new URL(callback).port) });
  expect(device.socket.readyState).toBe(device.socket.OPEN);
});

it('a pod that lost Redis stays ready, keeps and accepts devices, and registers all of them when it is back', async () => {
  const first = await startRedis();
  const pod = startProcess({ REDIS_URL: first.url, LEASE_TTL_MS: '1500' });
  const { admin, device: address, callback } = await pod.ready();
  const earlier = await Device.connect(address, 'earlier');
  await until(() => first.client.get('ws-connect:device:{earlier}'));
  await first.stop();

  const during = await Device.connect(address, 'during');
  const ready = await fetch(`${admin}/readyz`);
  const answer = await fetch(`${callback}/callback/during`, { method: 'POST', body: 'hello' });
  const second = await startRedis(['--port', String(first.port)]);
  onTestFinished(() => second.stop());
  await until(
    async () => (await second.client.exists('ws-connect:device:{earlier}', 'ws-connect:device:{during}')) === 2,
  );

  expect([ready.status, answer.status]).toEqual([200, 200]);
  expect([earlier, during].map(({ socket }) => socket.readyState)).toEqual([1, 1]);
});

/** A port somebody listens on. */
async function takenPort(): Promise<number> {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  onTestFinished(() => void squatter.close());
  return (squatter.address() as AddressInfo).port;
}
