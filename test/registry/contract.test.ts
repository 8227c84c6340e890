import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Claim, Entry, Registry } from '../../src/registry/registry.ts';
import { wentBackMs } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { podRecord } from '../support/pod-record.ts';
import type { AdapterUnderTest, Backend } from '../support/registry-adapters.ts';
import { adapters, leaseTtlMs } from '../support/registry-adapters.ts';
import type { SingleRegistry } from '../support/singly.ts';
import { singly } from '../support/singly.ts';

/** By adapter. */
let backends: Map<string, Backend>;

beforeAll(async () => {
  const started = adapters.map(async ({ adapter, start }) => [adapter, await start()] as const);
  backends = new Map(await Promise.all(started));
});
afterAll(() => Promise.all([...backends.values()].map((backend) => backend.stop())));

describe.each(adapters)('a registry ($adapter)', ({ adapter }) => {
  let batched: Registry;
  let registry: SingleRegistry;
  let letPass: AdapterUnderTest['letPass'];

  beforeEach(async () => {
    ({ registry: batched, letPass } = await backends.get(adapter)!.open());
    registry = singly(batched);
  });
  afterEach(() => batched.close());

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

  it('has a clock that goes', async () => {
    const before = Date.now();

    const time = await batched.time();

    expect(time).toBeGreaterThanOrEqual(before - 1);
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('orders connections by their connects when they register in the wrong order', async () => {
    const now = Date.now();
    const newer = await registered({ traceId: 'newer', t: now - 1000, isFirst: true });

    const answer = await registry.register(claim({ traceId: 'older', t: now - 60_000, isFirst: true }));

    expect(answer).toEqual({ outcome: 'refused', stored: newer, isAhead: false });
    expect(await registry.lookup('device-1')).toEqual(newer);
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

    expect(answer).toEqual({ outcome: 'refused', stored: newer, isAhead: false });
    expect(await registry.lookup('device-1')).toEqual(newer);
  });

  it('refuses a first registration while an entry from the future is there', async () => {
    const future = await registered({ traceId: 'future' }, Date.now() + 60_000);

    const answer = await registry.register(claim({ traceId: 'first' }));

    expect(answer).toEqual({ outcome: 'refused', stored: future, isAhead: true });
  });

  it('does not take what a pod may be wrong by for a clock that went back', async () => {
    const slightlyAhead = await registered({ traceId: 'slightly-ahead' }, Date.now() + wentBackMs);

    const answer = await registry.register(claim({ traceId: 'first' }));

    expect(answer).toEqual({ outcome: 'refused', stored: slightlyAhead, isAhead: false });
  });

  it('refuses the re-registration of another connection with the same t', async () => {
    const first = await registered({ traceId: 'first' }, 1000);

    const answer = await registry.register(claim({ traceId: 'second' }), 1000);

    expect(answer).toEqual({ outcome: 'refused', stored: first, isAhead: false });
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

  describe('a batch', () => {
    const deviceIds = Array.from({ length: 300 }, (_, index) => `device-${index}`);

    const owner = { v: 1, serverIp: '10.0.0.1', port: 8081, podId: 'pod-1' };

    /** Every third device is registered, by its own connection. */
    const registerEveryThird = () =>
      batched.register(
        deviceIds
          .filter((_, index) => index % 3 === 0)
          .map((deviceId) => claim({ deviceId, traceId: `of-${deviceId}`, t: 1000 })),
      );

    it('of registrations is answered in its order', async () => {
      await registerEveryThird();

      const replies = await batched.register(
        deviceIds.map((deviceId, index) => claim({ deviceId, traceId: 'new', t: 900 + index })),
      );

      expect(replies).toEqual(
        deviceIds.map((deviceId, index) => {
          const old = { ...owner, traceId: `of-${deviceId}`, t: 1000 };
          const previous = index % 3 === 0 ? old : undefined;
          const entry = { ...owner, traceId: 'new', t: 900 + index };
          return previous && entry.t <= 1000
            ? { outcome: 'refused', stored: old, isAhead: false }
            : { outcome: 'registered', entry, previous };
        }),
      );
    });

    it.each(['refresh', 'lookup'] as const)('of %s is answered in its order', async (operation) => {
      await registerEveryThird();

      const replies = await batched[operation](deviceIds);

      expect(replies.map((reply) => (reply as Entry | undefined)?.traceId)).toEqual(
        deviceIds.map((deviceId, index) => (index % 3 === 0 ? `of-${deviceId}` : undefined)),
      );
    });

    it('of unregistrations is answered in its order', async () => {
      await registerEveryThird();

      const replies = await batched.unregister(
        deviceIds.map((deviceId) => ({ ...claim({ deviceId, traceId: `of-${deviceId}` }), t: 1000 })),
      );

      expect(replies).toEqual(deviceIds.map((_, index) => index % 3 === 0));
      expect(await batched.lookup(deviceIds)).toEqual(deviceIds.map(() => undefined));
    });

    it('is carried out in its order', async () => {
      const replies = await batched.register([
        claim({ traceId: 'first', t: 1000 }),
        claim({ traceId: 'second', t: 1001 }),
        claim({ traceId: 'third', t: 1000 }),
      ]);

      expect(replies).toMatchObject([
        { outcome: 'registered', previous: undefined },
        { outcome: 'registered', previous: { traceId: 'first' } },
        { outcome: 'refused', stored: { traceId: 'second' } },
      ]);
    });

    it('lets the later of two first registrations in it win', async () => {
      await batched.register([claim({ traceId: 'earlier' }), claim({ traceId: 'later' })]);

      expect(await registry.lookup('device-1')).toMatchObject({ traceId: 'later' });
    });

    it('prolongs every lease in it by a refresh', async () => {
      await registerEveryThird();
      await letPass(leaseTtlMs / 2);

      await batched.refresh(deviceIds);
      await letPass(leaseTtlMs * 0.75);

      const replies = await batched.lookup(deviceIds);
      expect(replies.filter((reply) => reply !== undefined)).toHaveLength(deviceIds.length / 3);
    });

    it('of nothing is answered with nothing', async () => {
      const replies = await Promise.all([
        batched.register([]),
        batched.refresh([]),
        batched.unregister([]),
        batched.lookup([]),
      ]);

      expect(replies).toEqual([[], [], [], []]);
    });
  });

  it('knows the pods that have a record', async () => {
    const [first, second] = [podRecord(), podRecord({ state: 'draining', connections: 7 })];
    await batched.writePod('pod-1', first);
    await batched.writePod('pod-2', podRecord());
    await batched.writePod('pod-2', second);
    const both = await batched.pods();

    await batched.deletePod('pod-1');
    await batched.deletePod('pod-1');

    const byId = both.sort((a, b) => a.podId.localeCompare(b.podId));
    expect(byId).toEqual([
      { podId: 'pod-1', ...first },
      { podId: 'pod-2', ...second },
    ]);
    expect(await batched.pods()).toEqual([{ podId: 'pod-2', ...second }]);
  });
});
