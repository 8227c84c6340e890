import { beforeEach, describe, expect, it } from 'vitest';
import { AwaitedLease } from '../support/awaited-lease.ts';
import type { FaultyRegistry } from '../support/faulty-registry.ts';
import { LeaseScene } from '../support/lease-scene.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';

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
