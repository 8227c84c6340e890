import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Claim, Entry, Registry } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import type { AdapterUnderTest } from '../support/registry-adapters.ts';
import { adapters, leaseTtlMs } from '../support/registry-adapters.ts';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe.each(adapters)('a registry ($adapter)', ({ open }) => {
  let registry: Registry;
  let letPass: AdapterUnderTest['letPass'];

  beforeEach(async () => {
    ({ registry, letPass } = await open(server));
  });
  afterEach(() => registry.close());

  const registered = async (overrides: Partial<Claim> = {}, t?: number): Promise<Entry> => {
    const answer = await registry.register(claim(overrides), t);
    if (answer.outcome === 'refused') throw new Error('refused');
    return answer.entry;
  };

  it('knows nothing of a device that never registered', async () => {
    expect(await registry.lookup('device-1')).toBeUndefined();
    expect(await registry.refresh('device-1')).toBeUndefined();
  });

  it('returns the entry that was registered from lookup and refresh', async () => {
    const entry = await registered({}, 1000);

    expect(entry).toEqual({
      v: 1,
      serverIp: '10.0.0.1',
      port: 8081,
      traceId: 'trace-1',
      podId: 'pod-1',
      t: 1000,
    });
    expect(await registry.lookup('device-1')).toEqual(entry);
    expect(await registry.refresh('device-1')).toEqual(entry);
  });

  it('gives a first registration the present time as t', async () => {
    const before = Date.now();

    const { t } = await registered();

    expect(t).toBeGreaterThanOrEqual(before - 1);
    expect(t).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('returns the previous entry when another connection registers', async () => {
    const old = await registered({ traceId: 'old' });

    const answer = await registry.register(claim({ traceId: 'new' }));

    expect(answer).toMatchObject({ outcome: 'registered', entry: { traceId: 'new' }, previous: old });
  });

  it('returns no previous entry to the first registration', async () => {
    expect(await registry.register(claim())).toMatchObject({ outcome: 'registered', previous: undefined });
  });

  it('keeps the entries of two devices apart', async () => {
    const one = await registered({ deviceId: 'one' });
    const two = await registered({ deviceId: 'two', traceId: 'trace-2' });

    expect(await registry.lookup('one')).toEqual(one);
    expect(await registry.lookup('two')).toEqual(two);
  });

  it('refuses to overwrite the entry of a newer connection', async () => {
    const newer = await registered({ traceId: 'newer' }, 2000);

    const answer = await registry.register(claim({ traceId: 'older' }), 1999);

    expect(answer).toEqual({ outcome: 'refused', stored: newer });
    expect(await registry.lookup('device-1')).toEqual(newer);
  });

  it('refuses a first registration while an entry from the future is there', async () => {
    const future = await registered({ traceId: 'future' }, Date.now() + 60_000);

    const answer = await registry.register(claim({ traceId: 'first' }));

    expect(answer).toEqual({ outcome: 'refused', stored: future });
  });

  it('refuses the re-registration of another connection with the same t', async () => {
    const first = await registered({ traceId: 'first' }, 1000);

    const answer = await registry.register(claim({ traceId: 'second' }), 1000);

    expect(answer).toEqual({ outcome: 'refused', stored: first });
  });

  it('lets a connection write its own entry again with the same t', async () => {
    const entry = await registered({}, 1000);

    const answer = await registry.register(claim(), 1000);

    expect(answer).toEqual({ outcome: 'registered', entry, previous: entry });
  });

  it('lets the later of two first registrations win, even in the same millisecond', async () => {
    const devices = Array.from({ length: 200 }, (_, index) => `device-${index}`);

    const pairs = await Promise.all(
      devices.map((deviceId) =>
        Promise.all([registered({ deviceId, traceId: 'earlier' }), registered({ deviceId, traceId: 'later' })]),
      ),
    );

    expect(pairs.every(([earlier, later]) => later.t > earlier.t)).toBe(true);
    const stored = await Promise.all(devices.map((deviceId) => registry.lookup(deviceId)));
    expect(new Set(stored.map((entry) => entry?.traceId))).toEqual(new Set(['later']));
  });

  it('deletes the entry for the connection that wrote it', async () => {
    const entry = await registered();

    const deleted = await registry.unregister('device-1', entry);

    expect(deleted).toBe(true);
    expect(await registry.lookup('device-1')).toBeUndefined();
  });

  it('never deletes the entry of a newer connection for the late close of an old one', async () => {
    const old = await registered({ traceId: 'old' });
    const newer = await registered({ traceId: 'new' });

    const deleted = await registry.unregister('device-1', old);

    expect(deleted).toBe(false);
    expect(await registry.lookup('device-1')).toEqual(newer);
  });

  it('does not delete an entry of the same connection with another t', async () => {
    const early = await registered({}, 1000);
    const late = await registered({}, 2000);

    const deleted = await registry.unregister('device-1', early);

    expect(deleted).toBe(false);
    expect(await registry.lookup('device-1')).toEqual(late);
  });

  it('says that nothing was deleted when no entry is there', async () => {
    const entry = await registered();
    await registry.unregister('device-1', entry);

    expect(await registry.unregister('device-1', entry)).toBe(false);
  });

  it('forgets an entry when its lease ends', async () => {
    await registered();

    await letPass(leaseTtlMs + 1);

    expect(await registry.lookup('device-1')).toBeUndefined();
    expect(await registry.refresh('device-1')).toBeUndefined();
  });

  it('forgets nothing before the lease ends', async () => {
    const entry = await registered();

    await letPass(leaseTtlMs / 2);

    expect(await registry.lookup('device-1')).toEqual(entry);
  });

  it.each(['refresh', 'register'] as const)('prolongs the lease by a %s', async (operation) => {
    const entry = await registered({}, 1000);
    await letPass(leaseTtlMs / 2);

    await (operation === 'refresh' ? registry.refresh('device-1') : registry.register(claim(), 1000));
    await letPass(leaseTtlMs * 0.75);

    expect(await registry.lookup('device-1')).toEqual(entry);
  });

  it('does not prolong the lease by a lookup or a refused registration', async () => {
    await registered({}, 1000);
    await letPass(leaseTtlMs / 2);

    await registry.lookup('device-1');
    await registry.register(claim({ traceId: 'older' }), 999);
    await letPass(leaseTtlMs * 0.75);

    expect(await registry.lookup('device-1')).toBeUndefined();
  });

  it('lets anyone register once the lease of a newer connection has ended', async () => {
    await registered({ traceId: 'newer' }, 2000);
    await letPass(leaseTtlMs + 1);

    const answer = await registry.register(claim({ traceId: 'older' }), 1000);

    expect(answer).toMatchObject({ outcome: 'registered', previous: undefined });
  });

  it.each(['a:b', 'a.b', 'a_b', 'a-b', 'AA:BB:CC:00', '0', 'x'.repeat(128)])(
    'takes the device id %s through a whole life',
    async (deviceId) => {
      const entry = await registered({ deviceId, podId: 'pod.a-b_c:1' });

      expect(await registry.refresh(deviceId)).toEqual(entry);
      expect(await registry.unregister(deviceId, entry)).toBe(true);
      expect(await registry.lookup(deviceId)).toBeUndefined();
    },
  );

  it('deletes a pod record, also one that is not there', async () => {
    await registry.writePod('pod-1', {
      serverIp: '10.0.0.1',
      port: 8081,
      state: 'serving',
      connections: 0,
      startedAt: new Date(0).toISOString(),
    });

    await expect(registry.deletePod('pod-1')).resolves.toBeUndefined();
    await expect(registry.deletePod('pod-1')).resolves.toBeUndefined();
  });
});
