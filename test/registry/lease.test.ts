import { beforeEach, describe, expect, it } from 'vitest';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { AwaitedLease } from '../support/awaited-lease.ts';
import { claim } from '../support/claim.ts';
import type { FaultyRegistry } from '../support/faulty-registry.ts';
import { LeaseScene } from '../support/lease-scene.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';
import { until } from '../support/until.ts';

let scene: LeaseScene;
let registry: FaultyRegistry;
let lease: AwaitedLease;

beforeEach(() => {
  scene = new LeaseScene();
  ({ registry, lease } = scene);
});

describe('a registration', () => {
  it('writes the entry', async () => {
    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1', serverIp: '10.0.0.1', port: 8081, podId: 'pod-1' });
  });

  it('takes the place of an older connection', async () => {
    await scene.otherRegisters(-1000);

    expect(await lease.refresh()).toBe('registered');
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('of a young connection is repeated once with the stored t + 1 when refused: the clock went back', async () => {
    const { t } = await scene.otherRegisters(60_000);
    scene.clock.increment(1999);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1', t: t + 1 });
    expect(registry.calls).toEqual(['register', 'register']);
  });

  it('of a young connection is superseded when refused by an entry that is not ahead of the clock', async () => {
    const other = await scene.otherRegisters(-100);
    scene.clock.increment(200);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await scene.entry()).toEqual(other);
    expect(registry.calls).toEqual(['register']);
  });

  it('of a connection 2 s old is superseded when refused', async () => {
    const other = await scene.otherRegisters(60_000);
    scene.clock.increment(2000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await scene.entry()).toEqual(other);
    expect(registry.calls).toEqual(['register']);
  });

  it('is superseded when its repetition is refused, too', async () => {
    await scene.otherRegisters(60_000);
    const release = registry.hold('register');
    const outcome = lease.refresh();
    await until(() => registry.calls.length === 1);
    const releaseSecond = registry.hold('register');
    release();
    await until(() => registry.calls.length === 2);
    const newer = await scene.otherRegisters(120_000);

    releaseSecond();

    expect(await outcome).toBe('superseded');
    expect(await scene.entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'register']);
  });

  it('writes the time of the connect, however late it is', async () => {
    scene.clock.increment(90_000);
    const before = Date.now() - 90_000;

    await lease.refresh();

    const { t } = (await scene.entry())!;
    expect(t >= before && t <= Date.now() - 90_000).toBe(true);
  });

  it('that failed is made up for by the refresh', async () => {
    registry.fail('register');
    const first = await lease.refresh();

    const second = await lease.refresh();

    expect([first, second]).toEqual(['failed', 'registered']);
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('that the registry refuses is told apart from one that failed, and made up for', async () => {
    registry.fail('register', 'refused');
    const first = await lease.refresh();
    const second = await lease.refresh();
    registry.fail('refresh', 'refused');
    const third = await lease.refresh();
    const fourth = await lease.refresh();

    expect([first, second, third, fourth]).toEqual(['refused', 'registered', 'refused', 'registered']);
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('that was carried out without an answer is confirmed by the refresh', async () => {
    registry.fail('register', 'unanswered');
    const first = await lease.refresh();

    const second = await lease.refresh();
    const third = await lease.refresh();

    expect([first, second, third]).toEqual(['failed', 'registered', 'registered']);
  });

  it('that was carried out late, over the next one, is no newer connection: its own', async () => {
    registry.fail('register');
    await lease.refresh();
    await lease.refresh();
    await scene.stored.register(claim(), Date.now() + 5);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await lease.release()).toBe('unregistered');
    expect(await scene.entry()).toBeUndefined();
  });
});

describe('a refresh', () => {
  beforeEach(() => lease.refresh());

  it('prolongs the lease', async () => {
    scene.clock.increment(leaseTtlMs - 1);

    const outcome = await lease.refresh();
    scene.clock.increment(leaseTtlMs - 1);

    expect(outcome).toBe('registered');
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('writes an entry that is gone again, with its first t', async () => {
    const first = await scene.entry();
    await until(() => Date.now() > first!.t);
    scene.clock.increment(leaseTtlMs);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await scene.entry()).toEqual(first);
  });

  it('writes over the entry of an older connection, with its first t', async () => {
    const first = await scene.entry();
    await scene.deleteEntry();
    await scene.otherRegisters(-60_000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await scene.entry()).toEqual(first);
  });

  it('is superseded by the entry of a newer connection and leaves it alone', async () => {
    const newer = await scene.otherRegisters(1000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await scene.entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'refresh']);
  });

  it('is superseded by another connection’s entry with the same t, which is the later of the two', async () => {
    const { t } = (await scene.entry())!;
    await scene.deleteEntry();
    await scene.stored.register(claim({ traceId: 'other' }), t);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await scene.entry()).toMatchObject({ traceId: 'other', t });
    expect(registry.calls).toEqual(['register', 'refresh']);
  });

  it('is superseded by a newer connection that comes just before the entry is written again', async () => {
    await scene.deleteEntry();
    const release = registry.hold('register');
    const outcome = lease.refresh();
    await until(() => registry.calls.length === 3);
    const newer = await scene.otherRegisters(1000);

    release();

    expect(await outcome).toBe('superseded');
    expect(await scene.entry()).toEqual(newer);
    expect(registry.calls).toEqual(['register', 'refresh', 'register']);
  });
});

describe('an unregistration', () => {
  it('deletes the entry', async () => {
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await scene.entry()).toBeUndefined();
  });

  it('leaves the entry of a newer connection', async () => {
    await lease.refresh();
    const newer = await scene.otherRegisters(1000);

    expect(await lease.release()).toBe('unregistered');
    expect(await scene.entry()).toEqual(newer);
  });

  it('waits for a registration under way and deletes what that wrote', async () => {
    const release = registry.hold('register');
    const registration = lease.refresh();
    const unregistration = lease.release();
    await until(() => registry.calls.length === 1);

    release();

    expect(await Promise.all([registration, unregistration])).toEqual(['registered', 'unregistered']);
    expect(await scene.entry()).toBeUndefined();
    expect(registry.calls).toEqual(['register', 'unregister']);
  });

  it('finds and deletes the entry of a registration that failed but was carried out', async () => {
    registry.fail('register', 'unanswered');
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await scene.entry()).toBeUndefined();
  });

  it('leaves another connection’s entry after a registration that failed', async () => {
    const other = await scene.otherRegisters(-1000);
    registry.fail('register');
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await scene.entry()).toEqual(other);
    expect(registry.calls).toEqual(['register', 'lookup']);
  });

  it('that failed is made up for by a repair', async () => {
    await lease.refresh();
    registry.fail('unregister');

    expect(await lease.release()).toBe('unregisterFailed');
    expect(await lease.repair(true)).toBe('unregistered');
    expect(await scene.entry()).toBeUndefined();
  });

  it('that was carried out without an answer is confirmed by a repair, and harms no newer connection', async () => {
    await lease.refresh();
    registry.fail('unregister', 'unanswered');
    await lease.release();
    const newer = await scene.otherRegisters(1000);

    expect(await lease.repair(true)).toBe('unregistered');
    expect(await scene.entry()).toEqual(newer);
  });

  it('is asked for once', async () => {
    await lease.refresh();

    const first = lease.release();
    void lease.release();
    await first;
    void lease.release();
    await scene.registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(lease.outcomes).toEqual(['registered', 'unregistered']);
  });
});

describe('a registry that fails', () => {
  it('is an outcome and is told to onError, and nothing throws', async () => {
    const other = new AwaitedLease(scene.ports, { deviceId: 'device-2', traceId: 'trace-2' });
    registry.fail('register');
    const registration = await lease.refresh();
    registry.fail('lookup');
    const unregistration = await lease.release();
    await other.refresh();
    registry.fail('refresh');
    const refresh = await other.refresh();
    registry.fail('unregister');
    const secondUnregistration = await other.release();

    expect([registration, unregistration]).toEqual(['failed', 'unregisterFailed']);
    expect([refresh, secondUnregistration]).toEqual(['failed', 'unregisterFailed']);
    expect(scene.errors).toEqual(Array.from({ length: 4 }, () => expect.any(RegistryUnavailable)));
  });

  it('names the connection to onError', async () => {
    const holders: unknown[] = [];
    const other = new AwaitedLease({ ...scene.ports, onError: (_, holder) => holders.push(holder) });
    registry.fail('register');

    await other.refresh();

    expect(holders).toEqual([other]);
  });

  it('holds up none of the commands after it', async () => {
    registry.fail('register');

    const outcomes = await Promise.all([lease.refresh(), lease.release()]);

    expect(outcomes).toEqual(['failed', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'lookup']);
  });
});

it('a lease asks who the owner is when it has something to write, not before', async () => {
  let port = 0;
  const { serverIp, podId } = claim();
  const early = new AwaitedLease({ ...scene.ports, owner: () => ({ serverIp, port, podId }) });
  port = 4711;

  await early.refresh();

  expect(await scene.entry()).toMatchObject({ port: 4711 });
});
