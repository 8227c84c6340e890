import { SimulatedClock } from 'xstate';
import { beforeEach, describe, expect, it } from 'vitest';
import { Lease } from '../../src/registry/lease.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';
import { until } from '../support/until.ts';

let clock: SimulatedClock;
let stored: MemoryRegistry;
let registry: FaultyRegistry;
let errors: unknown[];
let lease: Lease;

beforeEach(() => {
  clock = new SimulatedClock();
  stored = new MemoryRegistry(clock, leaseTtlMs);
  registry = new FaultyRegistry(stored);
  errors = [];
  const { deviceId, traceId, ...owner } = claim();
  lease = new Lease({ registry, owner, clock, onError: (error) => errors.push(error) }, { deviceId, traceId });
});

const entry = () => stored.lookup('device-1');

/** Another connection's registration, past the faults; `later` than the present time, in ms. */
async function otherRegisters(later: number): Promise<Entry> {
  const answer = await stored.register(claim({ traceId: 'other' }), Date.now() + later);
  if (answer.outcome === 'refused') throw new Error('refused');
  return answer.entry;
}

const deleteEntry = async () => stored.unregister('device-1', (await entry())!);

describe('a registration', () => {
  it('writes the entry', async () => {
    const outcome = await lease.register();

    expect(outcome).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1', serverIp: '10.0.0.1', port: 8081, podId: 'pod-1' });
  });

  it('takes the place of an older connection', async () => {
    await otherRegisters(-1000);

    expect(await lease.register()).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('of a young connection is repeated once with the stored t + 1 when refused: the clock went back', async () => {
    const { t } = await otherRegisters(60_000);
    clock.increment(1999);

    const outcome = await lease.register();

    expect(outcome).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1', t: t + 1 });
    expect(registry.calls).toEqual(['register', 'register']);
  });

  it('of a connection 2 s old is superseded when refused', async () => {
    const other = await otherRegisters(60_000);
    clock.increment(2000);

    const outcome = await lease.register();

    expect(outcome).toBe('superseded');
    expect(await entry()).toEqual(other);
    expect(registry.calls).toEqual(['register']);
  });

  it('is superseded when its repetition is refused, too', async () => {
    await otherRegisters(60_000);
    const release = registry.hold('register');
    const outcome = lease.register();
    await until(() => registry.calls.length === 1);
    const releaseSecond = registry.hold('register');
    release();
    await until(() => registry.calls.length === 2);
    const newer = await otherRegisters(120_000);

    releaseSecond();

    expect(await outcome).toBe('superseded');
    expect(await entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'register']);
  });

  it('that failed is made up for by the refresh', async () => {
    registry.fail('register');
    const first = await lease.register();

    const second = await lease.refresh();

    expect([first, second]).toEqual(['failed', 'registered']);
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('that was carried out without an answer is confirmed by the refresh', async () => {
    registry.fail('register', 'unanswered');
    const first = await lease.register();

    const second = await lease.refresh();
    const third = await lease.refresh();

    expect([first, second, third]).toEqual(['failed', 'registered', 'registered']);
  });

  it('that was carried out late, over the next one, is no newer connection: its own', async () => {
    registry.fail('register');
    await lease.register();
    await lease.refresh();
    await stored.register(claim(), Date.now() + 5);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });
});

describe('a refresh', () => {
  beforeEach(() => lease.register());

  it('prolongs the lease', async () => {
    clock.increment(leaseTtlMs - 1);

    const outcome = await lease.refresh();
    clock.increment(leaseTtlMs - 1);

    expect(outcome).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('writes an entry that is gone again, with its first t', async () => {
    const first = await entry();
    await until(() => Date.now() > first!.t);
    clock.increment(leaseTtlMs);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await entry()).toEqual(first);
  });

  it('writes over the entry of an older connection, with its first t', async () => {
    const first = await entry();
    await deleteEntry();
    await otherRegisters(-60_000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await entry()).toEqual(first);
  });

  it('is superseded by the entry of a newer connection and leaves it alone', async () => {
    const newer = await otherRegisters(1000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'refresh']);
  });

  it('is superseded by a newer connection that comes just before the entry is written again', async () => {
    await deleteEntry();
    const release = registry.hold('register');
    const outcome = lease.refresh();
    await until(() => registry.calls.length === 3);
    const newer = await otherRegisters(1000);

    release();

    expect(await outcome).toBe('superseded');
    expect(await entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'refresh', 'register']);
  });
});

describe('an unregistration', () => {
  it('deletes the entry', async () => {
    await lease.register();

    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });

  it('leaves the entry of a newer connection', async () => {
    await lease.register();
    const newer = await otherRegisters(1000);

    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toEqual(newer);
  });

  it('waits for a registration under way and deletes what that wrote', async () => {
    const release = registry.hold('register');
    const registration = lease.register();
    const unregistration = lease.unregister();
    await until(() => registry.calls.length === 1);

    release();

    expect(await Promise.all([registration, unregistration])).toEqual(['registered', 'unregistered']);
    expect(await entry()).toBeUndefined();
    expect(registry.calls).toEqual(['register', 'unregister']);
  });

  it('finds and deletes the entry of a registration that failed but was carried out', async () => {
    registry.fail('register', 'unanswered');
    await lease.register();

    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });

  it('leaves another connection’s entry after a registration that failed', async () => {
    const other = await otherRegisters(-1000);
    registry.fail('register');
    await lease.register();

    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toEqual(other);
  });

  it('can be repeated after it failed', async () => {
    await lease.register();
    registry.fail('unregister');

    expect(await lease.unregister()).toBe('failed');
    expect(await lease.unregister()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });
});

describe('a registry that fails', () => {
  it('is the outcome failed and is told to onError, never a rejection', async () => {
    registry.fail('register');
    const registration = await lease.register();
    registry.fail('lookup');
    const unregistration = await lease.unregister();
    await lease.register();
    registry.fail('refresh');
    const refresh = await lease.refresh();

    expect([registration, unregistration, refresh]).toEqual(['failed', 'failed', 'failed']);
    expect(errors).toEqual(Array.from({ length: 3 }, () => expect.any(RegistryUnavailable)));
  });

  it('holds up none of the commands after it', async () => {
    registry.fail('register');

    const outcomes = await Promise.all([lease.register(), lease.refresh(), lease.unregister()]);

    expect(outcomes).toEqual(['failed', 'registered', 'unregistered']);
  });
});
