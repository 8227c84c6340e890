import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../src/config.ts';
import { metric } from '../support/ask.ts';
import { services } from '../support/examples/services.ts';
import type { Push } from '../support/examples/services.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const key = 'ws-connect:device:{lamp-1}';

describe.each(services)('examples/%s', (_name, service) => {
  /** Runs the service with a push for lamp-1. */
  async function send(redis: RedisServer, push: Partial<Push> = {}) {
    const { env, ...rest } = push;
    const usual = { deviceId: 'lamp-1', body: Buffer.from('hello'), contentType: 'text/plain', patience: 0 };
    return service({ ...usual, ...rest, env: { REDIS_URL: redis.url, ...env } });
  }

  it.each([
    ['text of every width', 'text/plain', 'aé漢🙂\u0000\r\n'],
    ['JSON', 'application/json', '{ "on" :true,\t"n": 1.0 }\n'],
    ['every byte there is', 'application/octet-stream', everyByte],
    ['the largest body', 'application/octet-stream', randomBytes(65_536)],
    ['an empty body', 'application/octet-stream', ''],
  ])('delivers %s byte for byte', async (_what, contentType, content) => {
    const { redis, pod } = await scene();
    const device = await runDevice(pod);
    const body = Buffer.from(content);

    const sent = await send(redis, { body, contentType });

    expect(await sent.exited).toEqual({ code: 0, signal: null });
    expect(sent.lines.join('\n')).toMatch(/delivered.*lamp-1|lamp-1.*delivered/);
    expect(await device.received(1)).toEqual([{ data: body, binary: contentType === 'application/octet-stream' }]);
  });

  it('says that a device is not connected', async () => {
    const { redis } = await scene();

    const sent = await send(redis);

    expect(await sent.exited).toEqual({ code: 1, signal: null });
    expect(sent.stderr).toBe('not delivered: lamp-1 is not connected\n');
  });

  it.each([
    ['has no entry yet', () => Promise.resolve()],
    [
      'has an entry of a pod that is gone',
      async (redis: RedisServer) => redis.client.set(key, entry(await freePort())),
    ],
  ])('reaches a device that %s once it is there', async (_how, prepare) => {
    const { redis, pod } = await scene();
    await prepare(redis);

    const sent = await send(redis, { patience: 10 });
    await until(() => lookUps(redis));
    const device = await runDevice(pod);

    expect(await sent.exited).toEqual({ code: 0, signal: null });
    expect(await device.received(1)).toEqual([{ data: Buffer.from('hello'), binary: false }]);
  });

  it('reaches a device that its pod says is not connected once it is there', async () => {
    const { redis, pod } = await scene();
    await redis.client.set(key, entry(pod.callbackPort, pod.podId));

    const sent = await send(redis, { patience: 10 });
    await until(() => metric(pod.admin, 'ws_connect_callbacks_total{outcome="not-connected"}'));
    const device = await runDevice(pod);

    expect(await sent.exited).toEqual({ code: 0, signal: null });
    expect(await device.received(1)).toEqual([{ data: Buffer.from('hello'), binary: false }]);
  });

  it('says that the pod of a device does not answer', async () => {
    const { redis } = await scene();
    await redis.client.set(key, entry(await freePort()));

    const sent = await send(redis);

    expect(await sent.exited).toEqual({ code: 1, signal: null });
    expect(sent.stderr).toMatch(/^not delivered: (the pod of lamp-1 does not answer|(pod|owner)-unreachable)/);
  });

  it('does not send again what may have arrived', async () => {
    const { redis } = await scene();
    const { port, connections } = await startBreaker();
    await redis.client.set(key, entry(port));

    const sent = await send(redis, { patience: 10 });

    expect(await sent.exited).toEqual({ code: 3, signal: null });
    expect(sent.stderr).toMatch(/^unknown: no[ -]answer/);
    expect(connections()).toBe(1);
  });

  it('does not send again what the pod refuses', async () => {
    const { redis, pod } = await scene({ MAX_PAYLOAD_BYTES: '4' });
    await runDevice(pod);

    const sent = await send(redis, { patience: 10 });

    expect(await sent.exited).toEqual({ code: 1, signal: null });
    expect(sent.stderr).toMatch(/^not delivered: 413 .*body-too-large/);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="body-too-large"}')).toBe(1);
  });

  it('shows its token', async () => {
    const token = 'a-token-of-24-characters';
    const { redis, pod } = await scene({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: token });
    await runDevice(pod);

    const known = await send(redis, { env: { CALLBACK_TOKEN: token } });
    const unknown = await send(redis, { patience: 10 });

    expect(await known.exited).toEqual({ code: 0, signal: null });
    expect(await unknown.exited).toEqual({ code: 1, signal: null });
    expect(unknown.stderr).toMatch(/^not delivered: (401 .*no-token.* without the proof|owner-unreachable)/);
  });

  it.each([undefined, 'a-token-of-24-characters'])(
    'believes no other program at the address of the pod, with the token %s',
    async (token) => {
      const { redis } = await scene();
      const shown: string[] = [];
      const other = createHttpServer((request, response) => {
        shown.push(JSON.stringify(request.headers));
        request.resume().once('end', () => response.end('{"outcome":"delivered","deviceId":"lamp-1","podId":"gone"}'));
      }).listen(0, '127.0.0.1');
      onTestFinished(() => void other.close());
      await once(other, 'listening');
      await redis.client.set(key, entry((other.address() as AddressInfo).port));

      const sent = await send(redis, { env: token === undefined ? {} : { CALLBACK_TOKEN: token } });

      expect(await sent.exited).toEqual({ code: 1, signal: null });
      expect(sent.stderr).toMatch(/^not delivered: (200 .* without the proof|owner-unreachable)/);
      expect(shown.length).toBeGreaterThan(0);
      expect(shown.join()).not.toContain('a-token-of-24-characters');
    },
  );

  it('uses the prefix of the keys', async () => {
    const { redis, pod } = await scene({ REDIS_PREFIX: 'gateway' });
    await runDevice(pod);

    const sent = await send(redis, { env: { REDIS_PREFIX: 'gateway' } });

    expect(await sent.exited).toEqual({ code: 0, signal: null });
  });

  it('says that Redis is away', async () => {
    const { redis } = await scene();

    const sent = await send(redis, { env: { REDIS_URL: `redis://127.0.0.1:${await freePort()}` } });

    expect(await sent.exited).toEqual({ code: 1, signal: null });
    expect(sent.stderr).toMatch(/^not delivered: (Redis|registry-unavailable)/m);
  });
});

/** A pod and its Redis. */
async function scene(env: Environment = {}) {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const pod = await runPod({ REDIS_URL: redis.url, ...env });
  await pod.logged('ready');
  return { redis, pod };
}

/** An entry that any connection replaces. */
function entry(port: number, podId = 'gone'): string {
  return JSON.stringify({ v: 1, serverIp: '127.0.0.1', port, traceId: '0'.repeat(32), podId, t: 0 });
}

/** How often entries were looked up. A pod does so, too, where a device registers. */
async function lookUps({ client }: RedisServer): Promise<number> {
  const [, calls] = /cmdstat_get:calls=(\d+)/.exec(await client.info('commandstats')) ?? [];
  return Number(calls ?? 0);
}

/** Takes requests and cuts the connection instead of answering. */
async function startBreaker() {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.once('data', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, connections: () => count };
}
