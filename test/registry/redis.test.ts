import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RedisRegistry } from '../../src/registry/redis.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { answers, openRedisRegistry } from '../support/redis-registry.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const key = 'test:device:{device-1}';
const podRecord = {
  serverIp: '10.0.0.1',
  port: 8081,
  state: 'draining',
  connections: 3,
  startedAt: '2026-01-01T00:00:00.000Z',
} as const;

let server: RedisServer;
let registry: RedisRegistry;

beforeEach(async () => {
  server = await startRedis();
  registry = await openRedisRegistry(server.url);
});
afterEach(async () => {
  await registry.close();
  await server.stop();
});

describe('what Redis holds', () => {
  it('is the entry as JSON with its members in the promised order', async () => {
    await registry.register(claim(), 1_700_000_000_123);

    expect(await server.client.get(key)).toBe(
      '{"v":1,"serverIp":"10.0.0.1","port":8081,"traceId":"trace-1","podId":"pod-1","t":1700000000123}',
    );
  });

  it('has the time of the Redis server as t of a first registration', async () => {
    const before = await redisTime();

    await registry.register(claim());

    const entry = await registry.lookup('device-1');
    expect(entry?.t).toBeGreaterThanOrEqual(before);
    expect(entry?.t).toBeLessThanOrEqual(await redisTime());
  });

  it('ends with the lease', async () => {
    const short = await openRedisRegistry(server.url, { leaseTtlMs: 50 });

    await short.register(claim());

    await until(async () => !(await short.lookup('device-1')));
    expect(await server.client.exists(key)).toBe(0);
    await short.close();
  });

  it('has the lease as its time to live, anew after a refresh', async () => {
    await registry.register(claim());
    const registered = await server.client.pttl(key);
    await server.client.pexpire(key, 100);

    await registry.refresh('device-1');

    expect(isLease(registered)).toBe(true);
    expect(isLease(await server.client.pttl(key))).toBe(true);
  });

  it('is under PREFIX:device:{ID} and PREFIX:pod:ID', async () => {
    const other = await openRedisRegistry(server.url, { prefix: 'my:prefix' });

    await other.register(claim({ deviceId: 'a:b.c_d-e' }));
    await other.writePod('pod-1', podRecord);

    expect((await server.client.keys('*')).sort()).toEqual(['my:prefix:device:{a:b.c_d-e}', 'my:prefix:pod:pod-1']);
    await other.close();
  });

  it('is nothing of registries with another prefix', async () => {
    const other = await openRedisRegistry(server.url, { prefix: 'other' });

    await other.register(claim());

    expect(await registry.lookup('device-1')).toBeUndefined();
    await other.close();
  });

  it('is the pod record as JSON for 15 s, until it is deleted', async () => {
    await registry.writePod('pod-1', podRecord);
    const written = await server.client.get('test:pod:pod-1');
    const ttl = await server.client.pttl('test:pod:pod-1');

    await registry.deletePod('pod-1');

    expect(JSON.parse(written ?? '')).toEqual(podRecord);
    expect(ttl > 10_000 && ttl <= 15_000).toBe(true);
    expect(await server.client.exists('test:pod:pod-1')).toBe(0);
  });
});

describe('what another program wrote under the key', () => {
  const foreign = [
    'garbage',
    '',
    '{',
    'null',
    '7',
    '[]',
    '{}',
    '{"t":1}',
    '{"v":1,"traceId":"x","t":"soon"}',
    '{"t":99999999999999}',
    '{"serverIp":"x","port":1,"traceId":"x","podId":"x","t":1e400}',
  ];

  it.each(foreign)('counts as no entry: %j', async (text) => {
    await server.client.set(key, text);

    expect(await registry.lookup('device-1')).toBeUndefined();
    expect(await registry.refresh('device-1')).toBeUndefined();
  });

  it.each(foreign)('is overwritten by a registration: %j', async (text) => {
    await server.client.set(key, text);

    const answer = await registry.register(claim(), 1000);

    expect(answer).toMatchObject({ outcome: 'registered', entry: { t: 1000 }, previous: undefined });
    expect(await registry.lookup('device-1')).toMatchObject({ traceId: 'trace-1', t: 1000 });
  });
});

describe('a Redis that is away', () => {
  it('makes every operation reject with RegistryUnavailable and its cause', async () => {
    const entry = await register();
    await server.stop();

    const failures = await Promise.all(
      [
        registry.register(claim()),
        registry.refresh('device-1'),
        registry.unregister('device-1', entry),
        registry.lookup('device-1'),
        registry.writePod('pod-1', podRecord),
        registry.deletePod('pod-1'),
      ].map((operation) => operation.catch((error: unknown) => error)),
    );

    for (const failure of failures) {
      expect(failure).toBeInstanceOf(RegistryUnavailable);
      expect(failure).toMatchObject({ code: 'registry-unavailable', cause: expect.any(Error) });
    }
  });

  it('is found again by itself, and the first registration after the restart succeeds', async () => {
    await registry.register(claim());
    await server.stop();
    server = await startRedis(['--port', String(server.port)]);

    await until(() => answers(registry));

    expect(await registry.register(claim())).toMatchObject({ outcome: 'registered', previous: undefined });
  });

  it('makes an operation reject that is asked for before there is a connection', async () => {
    const early = new RedisRegistry({ url: server.url, prefix: 'test', leaseTtlMs: 60_000, onError: () => {} });

    await expect(early.register(claim())).rejects.toThrow(RegistryUnavailable);

    await until(() => answers(early));
    expect(await early.lookup('device-1')).toBeUndefined();
    await early.close();
  });

  it('is never sent a command again that it was given before it went away', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const registration = registry.register(claim()).catch((error: unknown) => error);
    await server.stop();
    server = await startRedis(['--port', String(server.port)]);

    await until(() => answers(registry));

    expect(await registration).toBeInstanceOf(RegistryUnavailable);
    expect(await registry.lookup('device-1')).toBeUndefined();
  });

  it('is reported to onError when there never was one, and the operations reject at once', async () => {
    const errors: Error[] = [];
    await server.stop();
    const lonely = new RedisRegistry({
      url: server.url,
      prefix: 'test',
      leaseTtlMs: 60_000,
      onError: (error) => errors.push(error),
    });

    await expect(lonely.lookup('device-1')).rejects.toThrow(RegistryUnavailable);

    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
    await lonely.close();
  });

  it('is what a closed registry sees', async () => {
    await registry.close();

    await expect(registry.lookup('device-1')).rejects.toThrow(RegistryUnavailable);
  });
});

describe('a Redis that is paused', () => {
  it('fails a command after its time limit of 1 s, and serves again once it goes on', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const startedAt = performance.now();

    await expect(registry.lookup('device-1')).rejects.toThrow(RegistryUnavailable);

    const took = performance.now() - startedAt;
    expect(took > 900 && took < 2500).toBe(true);
    process.kill(server.pid, 'SIGCONT');
    await until(() => answers(registry));
  });

  it('carries out a registration later that its caller saw time out', async () => {
    process.kill(server.pid, 'SIGSTOP');
    await expect(registry.register(claim())).rejects.toThrow(RegistryUnavailable);

    process.kill(server.pid, 'SIGCONT');

    expect(await until(() => registry.lookup('device-1'))).toMatchObject({ traceId: 'trace-1' });
  });
});

it('registers and unregisters after the scripts were flushed from Redis', async () => {
  const entry = await register();
  await server.client.script('FLUSH');

  expect(await registry.unregister('device-1', entry)).toBe(true);
  await server.client.script('FLUSH');
  expect(await registry.register(claim())).toMatchObject({ outcome: 'registered' });
});

async function register(): Promise<Entry> {
  const answer = await registry.register(claim());
  if (answer.outcome === 'refused') throw new Error('refused');
  return answer.entry;
}

async function redisTime(): Promise<number> {
  const [seconds, microseconds] = await server.client.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

function isLease(pttl: number): boolean {
  return pttl > 50_000 && pttl <= 60_000;
}
