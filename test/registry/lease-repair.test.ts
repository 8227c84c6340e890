import { beforeEach, describe, expect, it } from 'vitest';
import { AwaitedLease } from '../support/awaited-lease.ts';
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

describe('a lease that is dirty', () => {
  it.each(['register', 'refresh', 'unregister', 'lookup'] as const)(
    'became so by a %s without an answer, and is clean after the repair',
    async (operation) => {
      if (operation === 'lookup') registry.fail('register');
      if (operation !== 'register') await lease.refresh();
      const isLeaving = operation === 'unregister' || operation === 'lookup';
      registry.fail(operation, 'unanswered');

      await (isLeaving ? lease.release() : lease.refresh());

      expect(scene.reconciler.size).toBe(1);
      await lease.repair(isLeaving);
      expect(scene.reconciler.size).toBe(0);
      expect((await scene.entry())?.traceId).toBe(isLeaving ? undefined : 'trace-1');
    },
  );

  it('stays so while its repairs fail', async () => {
    registry.fail('register');
    await lease.refresh();
    registry.fail('register');

    await lease.repair();

    expect(scene.reconciler.size).toBe(1);
    expect(await lease.repair()).toBe('registered');
  });

  it('is clean when it learns that it is superseded: the entry is not its own to repair', async () => {
    await lease.refresh();
    registry.fail('refresh');
    await lease.refresh();
    await scene.otherRegisters(1000);

    const outcome = await lease.repair();

    expect([outcome, scene.reconciler.size]).toEqual(['superseded', 0]);
  });

  it('is clean when its connection leaves and the entry is gone', async () => {
    registry.fail('register');
    await lease.refresh();

    await lease.release();

    expect(scene.reconciler.size).toBe(0);
  });

  it('writes an entry again that was lost, with its first t', async () => {
    await lease.refresh();
    const first = await scene.entry();
    await scene.deleteEntry();
    scene.clock.increment(5000);

    await lease.repair();

    expect(await scene.entry()).toEqual(first);
  });

  it('is over when it was released so long ago that what it wrote has ended', async () => {
    await lease.refresh();
    registry.fail('unregister');

    const isOver = [lease.lease.isOver];
    await lease.release();
    scene.clock.increment(leaseTtlMs - 1);
    isOver.push(lease.lease.isOver);
    scene.clock.increment(1);
    isOver.push(lease.lease.isOver);

    expect(isOver).toEqual([false, false, true]);
    expect(await scene.entry()).toBeUndefined();
  });

  it('is never over while it is held', async () => {
    registry.fail('register');
    await lease.refresh();

    scene.clock.increment(10 * leaseTtlMs);

    expect(lease.lease.isOver).toBe(false);
  });

  it('is repaired by the reconciler in the background, held or released', async () => {
    const other = new AwaitedLease(scene.ports, { deviceId: 'device-2', traceId: 'trace-2' });
    await other.refresh();
    registry.fail('register');
    registry.fail('unregister');
    await Promise.all([lease.refresh(), other.release()]);
    scene.reconciler.start();

    scene.clock.increment(50);
    await scene.registrar.settled();

    expect(scene.reconciler.size).toBe(0);
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
    expect(await scene.stored.lookup('device-2')).toBeUndefined();
    scene.reconciler.stop();
  });
});

describe('a lease in doubt', () => {
  it('asks again after a refresh under way, whose answer does not count', async () => {
    await lease.refresh();
    const release = registry.hold('refresh');
    const outcome = lease.refresh();
    await until(() => registry.calls.length === 2);
    const releaseSecond = registry.hold('refresh');

    lease.lease.markUnverified();
    release();
    await until(() => registry.calls.length === 3);
    await scene.otherRegisters(1000);
    releaseSecond();

    expect(await outcome).toBe('superseded');
    expect(lease.outcomes).toEqual(['registered', 'superseded']);
    expect(registry.calls).toEqual(['register', 'refresh', 'refresh']);
  });

  it.each([
    ['answered', 'refresh'],
    ['unanswered', 'register'],
    ['lost', 'register'],
  ] as const)('asks again after a registration under way that is %s, by a %s', async (fate, again) => {
    const release = registry.hold('register', fate);
    const outcome = lease.refresh();
    lease.lease.markUnverified();

    release();

    expect(await outcome).toBe('registered');
    expect(lease.outcomes).toEqual(['registered']);
    expect(registry.calls).toEqual(['register', again]);
    expect(scene.reconciler.size).toBe(0);
  });

  it('does not believe that it is superseded before it has asked again', async () => {
    await lease.refresh();
    const newer = await scene.otherRegisters(1000);
    const release = registry.hold('refresh');
    const outcome = lease.refresh();
    await until(() => registry.calls.length === 2);
    const releaseSecond = registry.hold('refresh');

    lease.lease.markUnverified();
    release();
    await until(() => registry.calls.length === 3);
    await scene.stored.unregister('device-1', newer);
    releaseSecond();

    expect(await outcome).toBe('registered');
    expect(lease.outcomes).toEqual(['registered', 'registered']);
    expect(await scene.entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('asks again once, however often it was unverified', async () => {
    await lease.refresh();
    const outcome = lease.refresh();

    lease.lease.markUnverified();
    lease.lease.markUnverified();
    await outcome;
    await scene.registrar.settled();

    expect(registry.calls).toEqual(['register', 'refresh', 'refresh']);
    expect(lease.outcomes).toEqual(['registered', 'registered']);
  });

  it('deletes its entry when it is released while a refresh is under way', async () => {
    await lease.refresh();
    const release = registry.hold('refresh');
    void lease.refresh();
    lease.lease.markUnverified();
    const outcome = lease.release();

    release();

    expect(await outcome).toBe('unregistered');
    expect(lease.outcomes).toEqual(['registered', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'refresh', 'unregister']);
    expect(await scene.entry()).toBeUndefined();
  });

  it('asks again after an unregistration under way that failed, and is not dirty', async () => {
    await lease.refresh();
    const release = registry.hold('unregister', 'lost');
    const outcome = lease.release();
    lease.lease.markUnverified();

    release();

    expect(await outcome).toBe('unregistered');
    expect(registry.calls).toEqual(['register', 'unregister', 'unregister']);
    expect(await scene.entry()).toBeUndefined();
    expect(scene.reconciler.size).toBe(0);
  });

  it('asks nothing by itself while no command is under way, and believes the next answer', async () => {
    await lease.refresh();

    lease.lease.markUnverified();
    await scene.registrar.settled();
    const before = [...registry.calls];
    await lease.refresh();

    expect(before).toEqual(['register']);
    expect(registry.calls).toEqual(['register', 'refresh']);
    expect(lease.outcomes).toEqual(['registered', 'registered']);
  });
});
