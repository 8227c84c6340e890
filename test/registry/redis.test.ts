import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisRegistry } from '../../src/registry/redis.ts';
import type { Claim, Entry } from '../../src/registry/registry.ts';
import { closesKeptMs, RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { podRecord } from '../support/pod-record.ts';
import { openRedisRegistry } from '../support/redis-registry.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import type { SingleRegistry } from '../support/singly.ts';
import { singly } from '../support/singly.ts';
import { until } from '../support/until.ts';

const key = 'test:device:{device-1}';

let server: RedisServer;
let batched: RedisRegistry;
let registry: SingleRegistry;

beforeEach(async () => {
  server = await startRedis();
  batched = await openRedisRegistry(server.url);
  registry = singly(batched);
});
afterEach(async () => {
  await batched.close();
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

    await short.register([claim()]);

    await until(async () => !(await singly(short).lookup('device-1')));
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

  it('is under PREFIX:device:{ID}, PREFIX:pod:ID and PREFIX:pods', async () => {
    const other = await openRedisRegistry(server.url, { prefix: 'my:prefix' });

    await other.register([claim({ deviceId: 'a:b.c_d-e' })]);
    await other.writePod('pod-1', podRecord());

    expect((await server.client.keys('*')).sort()).toEqual([
      'my:prefix:device:{a:b.c_d-e}',
      'my:prefix:pod:pod-1',
      'my:prefix:pods',
    ]);
    await other.close();
  });

  it('names a pod among the others for no longer than its record lives', async () => {
    await batched.writePod('pod-1', podRecord());
    await batched.writePod('pod-2', podRecord());
    await server.client.del('test:pod:pod-1'); // as when its lease ends

    const left = await batched.pods();
    const named = await server.client.smembers('test:pods');
    await batched.writePod('pod-1', podRecord());

    expect(left.map(({ podId }) => podId)).toEqual(['pod-2']);
    expect(named).toEqual(['pod-2']);
    expect(await batched.pods()).toHaveLength(2);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    ...[
      { serverIp: 'pod-1' },
      { serverIp: 7 },
      { port: 99_999 },
      { port: 0 },
      { port: '8081' },
      { state: 'gone' },
      { connections: -1 },
      { connections: 1.5 },
      { startedAt: 'today' },
      { startedAt: '2026-13-01T00:00:00.000Z' },
    ].map((part) => JSON.stringify({ ...podRecord(), ...part })),
  ])('leaves out a pod whose record is none, and no other: %s', async (text) => {
    await batched.writePod('pod-1', podRecord());
    await batched.writePod('pod-2', podRecord());
    await server.client.set('test:pod:pod-2', text);

    const pods = await batched.pods();

    expect(pods).toEqual([{ podId: 'pod-1', ...podRecord() }]);
  });

  it('is nothing of registries with another prefix', async () => {
    const other = await openRedisRegistry(server.url, { prefix: 'other' });

    await other.register([claim()]);

    expect(await registry.lookup('device-1')).toBeUndefined();
    await other.close();
  });

  it('is the pod record as JSON for 15 s, until it is deleted', async () => {
    const record = podRecord({ state: 'draining' });
    await batched.writePod('pod-1', record);
    const written = await server.client.get('test:pod:pod-1');
    const ttl = await server.client.pttl('test:pod:pod-1');

    await batched.deletePod('pod-1');

    expect(JSON.parse(written ?? '')).toEqual(record);
    expect(ttl > 10_000 && ttl <= 15_000).toBe(true);
    expect(await server.client.exists('test:pod:pod-1')).toBe(0);
  });
});

describe('the closes of a fleet', () => {
  it('that are granted to all who ask are as many as there may be, and no more', async () => {
    const other = await openRedisRegistry(server.url);
    const perSecond = 400;
    const startedAt = await redisTime();
    let granted = 0;

    while ((await redisTime()) < startedAt + 500) {
      const grants = await Promise.all([batched.grantCloses(30, perSecond), other.grantCloses(30, perSecond)]);
      granted += grants[0] + grants[1];
    }

    const may = ((await redisTime()) - startedAt + closesKeptMs) * (perSecond / 1000);
    expect(granted).toBeLessThanOrEqual(may + 1);
    expect(granted).toBeGreaterThan(0.5 * may);
    await other.close();
  });

  it('are never more than were asked for, and one even if one takes longer than unused ones are kept', async () => {
    const grants = [await batched.grantCloses(7, 1_000_000), await batched.grantCloses(7, 1)];
    await server.client.del('test:closes');

    expect(grants).toEqual([7, 0]);
    expect(await batched.grantCloses(7, 1)).toBe(1);
    expect(await batched.grantCloses(7, 1)).toBe(0);
  });

  it('leave nothing behind', async () => {
    await batched.grantCloses(1, 1000);

    expect(await server.client.pttl('test:closes')).toBeGreaterThan(0);
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
    '{"serverIp":"x","port":1,"traceId":"x","podId":"x","t":1.5}',
    '{"serverIp":"10.0.0.1\\nx","port":1,"traceId":"x","podId":"x","t":1}',
    '{"serverIp":"x","port":1,"traceId":"x\\"","podId":"x","t":1}',
    '{"serverIp":"x","port":1,"traceId":"x y","podId":"x","t":1}',
    '{"serverIp":"x","port":1,"traceId":"x","podId":"x/y","t":1}',
    '{"serverIp":"x","port":1,"traceId":"","podId":"x","t":1}',
    JSON.stringify({ serverIp: 'x', port: 1, traceId: 'x'.repeat(129), podId: 'x', t: 1 }),
    JSON.stringify({ serverIp: 'x', port: 1, traceId: 'x', podId: 'x'.repeat(129), t: 1 }),
    JSON.stringify({ serverIp: 'x'.repeat(256), port: 1, traceId: 'x', podId: 'x', t: 1 }),
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

describe('a batch', () => {
  const deviceIds = Array.from({ length: 200 }, (_, index) => `device-${index}`);

  it('reaches Redis in one piece', async () => {
    const before = await readsOfRedis();

    await batched.lookup(deviceIds);

    expect(await readsOfRedis()).toBe(before + 1 + 1); // the batch, and this question
  });

  it.each([
    ['register', { outcome: 'registered' }],
    ['refresh', { traceId: 'trace-1' }],
    ['unregister', true],
    ['lookup', { traceId: 'trace-1' }],
  ] as const)('of which one %s fails is carried out but for that one', async (operation, well) => {
    const claims = ['device-1', 'device-2', 'device-3'].map((deviceId) => ({ ...claim({ deviceId }), t: 1000 }));
    await batched.register(claims);
    await server.client.del('test:device:{device-2}');
    await server.client.lpush('test:device:{device-2}', 'no entry');

    const replies = await ask(operation, claims);

    expect(replies).toMatchObject([well, { cause: { message: expect.stringContaining('WRONGTYPE') } }, well]);
    expect(replies[1]).toBeInstanceOf(RegistryUnavailable);
  });

  it.each(['register', 'refresh', 'unregister', 'lookup'] as const)(
    'of %s is answered with a RegistryUnavailable for each command when Redis is away',
    async (operation) => {
      await server.stop();

      const replies = await ask(
        operation,
        deviceIds.map((deviceId) => ({ ...claim({ deviceId }), t: 1000 })),
      );

      expect(replies).toEqual(deviceIds.map(() => expect.any(RegistryUnavailable)));
    },
  );

  it('of registrations is carried out after the scripts were flushed from Redis', async () => {
    await register();
    await server.client.script('FLUSH');

    const replies = await batched.register(deviceIds.map((deviceId) => claim({ deviceId })));

    expect(replies).toEqual(deviceIds.map(() => expect.objectContaining({ outcome: 'registered' })));
  });
});

it('registers and unregisters after the scripts were flushed from Redis', async () => {
  const entry = await register();
  await server.client.script('FLUSH');

  expect(await registry.unregister('device-1', entry)).toBe(true);
  await server.client.script('FLUSH');
  expect(await registry.register(claim())).toMatchObject({ outcome: 'registered' });
});

/** The same operation for the device of each claim. */
function ask(operation: keyof SingleRegistry, claims: (Claim & { t: number })[]): Promise<unknown[]> {
  if (operation === 'register' || operation === 'unregister') return batched[operation](claims);
  return batched[operation](claims.map(({ deviceId }) => deviceId));
}

async function register(): Promise<Entry> {
  const answer = await registry.register(claim());
  if (answer.outcome === 'refused') throw new Error('refused');
  return answer.entry;
}

/** How often Redis has read from any connection, the question itself included. One read takes in 16 KiB at most. */
async function readsOfRedis(): Promise<number> {
  return Number(/total_reads_processed:(\d+)/.exec(await server.client.info('stats'))![1]);
}

async function redisTime(): Promise<number> {
  const [seconds, microseconds] = await server.client.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

function isLease(pttl: number): boolean {
  return pttl > 50_000 && pttl <= 60_000;
}
