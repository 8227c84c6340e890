import { beforeEach, describe, expect, it } from 'vitest';
import type { LeaseOutcome } from '../../src/registry/lease.ts';
import { AwaitedLease } from '../support/awaited-lease.ts';
import { claim } from '../support/claim.ts';
import type { FaultyRegistry } from '../support/faulty-registry.ts';
import { LeaseScene } from '../support/lease-scene.ts';
import { until } from '../support/until.ts';

let scene: LeaseScene;
let registry: FaultyRegistry;
let lease: AwaitedLease;

beforeEach(() => {
  scene = new LeaseScene();
  ({ registry, lease } = scene);
});

describe('while a command is under way', () => {
  it.each(['register', 'refresh'] as const)('a refresh is left out, and a repair: %s', async (operation) => {
    if (operation === 'refresh') await lease.refresh();
    const before = registry.calls.length;
    const release = registry.hold(operation);

    const answers = [lease.refresh(), lease.refresh(), lease.repair()];
    await until(() => registry.calls.length > before);
    answers.push(lease.refresh(), lease.repair());
    release();
    await Promise.all(answers);
    await scene.registrar.settled();

    expect(registry.calls.slice(before)).toEqual([operation]);
    expect(lease.outcomes.slice(before)).toEqual(['registered']);
  });

  it('a refresh is left out also during an unregistration, which is the last word', async () => {
    await lease.refresh();
    const release = registry.hold('unregister');
    const outcome = lease.release();
    void lease.refresh();
    await until(() => registry.calls.length === 2);
    void lease.refresh();

    release();
    await outcome;
    await scene.registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(lease.outcomes).toEqual(['registered', 'unregistered']);
  });

  it('an unregistration waits for all of a refresh that writes the entry again', async () => {
    await lease.refresh();
    await scene.deleteEntry();

    const refresh = lease.refresh();
    const unregistration = lease.release();

    expect(await Promise.all([refresh, unregistration])).toEqual(['registered', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'refresh', 'register', 'unregister']);
    expect(await scene.entry()).toBeUndefined();
  });

  it('an unregistration waits for the repetition of a refused registration', async () => {
    const { t } = await scene.otherRegisters(60_000);

    const registration = lease.refresh();
    const unregistration = lease.release();

    expect(await Promise.all([registration, unregistration])).toEqual(['registered', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'register', 'unregister']);
    expect(t).toBeGreaterThan(Date.now());
    expect(await scene.entry()).toBeUndefined();
  });

  it.each(['lost', 'unanswered'] as const)(
    'an unregistration waits for a registration that fails, %s, and finds out what became of it',
    async (fate) => {
      registry.fail('register', fate);

      const outcomes = await Promise.all([lease.refresh(), lease.release()]);

      expect(outcomes).toEqual(['failed', 'unregistered']);
      expect(registry.calls).toEqual(['register', 'lookup', ...(fate === 'lost' ? [] : ['unregister'])]);
      expect(await scene.entry()).toBeUndefined();
      expect(scene.reconciler.size).toBe(0);
    },
  );

  it('an unregistration waits for a refresh that fails, and deletes the entry', async () => {
    await lease.refresh();
    registry.fail('refresh');

    const outcomes = await Promise.all([lease.refresh(), lease.release()]);

    expect(outcomes).toEqual(['failed', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'refresh', 'unregister']);
    expect(await scene.entry()).toBeUndefined();
    expect(scene.reconciler.size).toBe(0);
  });

  it('an unregistration waits for a refresh that is superseded, and leaves the newer entry', async () => {
    await lease.refresh();
    const newer = await scene.otherRegisters(1000);

    const outcomes = await Promise.all([lease.refresh(), lease.release()]);

    expect(outcomes).toEqual(['superseded', 'unregistered']);
    expect(await scene.entry()).toEqual(newer);
  });
});

describe('a holder', () => {
  /** Leaves as soon as it hears this. */
  class Leaver extends AwaitedLease {
    leavesAt: LeaseOutcome = 'superseded';

    override leaseAnswered(outcome: LeaseOutcome): void {
      super.leaseAnswered(outcome);
      if (outcome === this.leavesAt) void this.release();
    }
  }

  it('may unregister while it is answered', async () => {
    const newer = await scene.otherRegisters(60_000);
    const leaver = new Leaver(scene.ports, claim({ traceId: 'leaver' }));
    scene.clock.increment(2000);

    void leaver.refresh();
    await scene.registrar.settled();

    expect(leaver.outcomes).toEqual(['superseded', 'unregistered']);
    expect(await scene.entry()).toEqual(newer);
  });

  it('that unregisters while it is answered has its entry deleted, also when it was about to anyway', async () => {
    const leaver = new Leaver(scene.ports);
    leaver.leavesAt = 'registered';

    void leaver.refresh();
    void leaver.release();
    await scene.registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(leaver.outcomes).toEqual(['registered', 'unregistered']);
    expect(await scene.entry()).toBeUndefined();
  });

  it('is never answered within its command', () => {
    void lease.refresh();
    void lease.release();

    expect(lease.outcomes).toEqual([]);
  });

  it('hears of its own entry only: two leases of one turn are answered each for itself', async () => {
    const { deviceId } = claim();
    const other = new AwaitedLease(scene.ports, { deviceId, traceId: 'other' });
    const third = new AwaitedLease(scene.ports, { deviceId: 'device-3', traceId: 'trace-3' });
    registry.fail('register');

    const outcomes = await Promise.all([lease.refresh(), other.refresh(), third.refresh()]);

    expect(outcomes).toEqual(['failed', 'registered', 'registered']);
    expect(await scene.entry()).toMatchObject({ traceId: 'other' });
    expect(await scene.stored.lookup('device-3')).toMatchObject({ traceId: 'trace-3' });
  });
});

describe('a registration whose device has hung up', () => {
  it('is not sent, and its holder is not answered', async () => {
    const other = await scene.otherRegisters(-1000);
    lease.isPeerThere = false;

    void lease.refresh();
    await scene.registrar.settled();

    expect(registry.calls).toEqual([]);
    expect(lease.outcomes).toEqual([]);
    expect(await scene.entry()).toEqual(other);
  });

  it('leaves another connection’s entry alone when it is released after that', async () => {
    const other = await scene.otherRegisters(-1000);
    lease.isPeerThere = false;
    void lease.refresh();
    await scene.registrar.settled();

    const outcome = await lease.release();

    expect(outcome).toBe('unregistered');
    expect(registry.calls).toEqual(['lookup']);
    expect(lease.outcomes).toEqual(['unregistered']);
    expect(await scene.entry()).toEqual(other);
  });

  it('leaves another connection’s entry alone when it was released before that', async () => {
    const other = await scene.otherRegisters(-1000);
    void lease.refresh();
    const release = lease.release();
    lease.isPeerThere = false;

    const outcome = await release;

    expect(outcome).toBe('unregistered');
    expect(registry.calls).toEqual(['lookup']);
    expect(lease.outcomes).toEqual(['unregistered']);
    expect(await scene.entry()).toEqual(other);
  });

  it('is not repeated either after one without an answer, whose entry the release deletes', async () => {
    registry.fail('register', 'unanswered');
    await lease.refresh();
    lease.isPeerThere = false;
    void lease.repair();
    await scene.registrar.settled();

    const outcome = await lease.release();

    expect(outcome).toBe('unregistered');
    expect(registry.calls).toEqual(['register', 'lookup', 'unregister']);
    expect(await scene.entry()).toBeUndefined();
    expect(scene.reconciler.size).toBe(0);
  });

  it('does not write its entry again that is gone', async () => {
    await lease.refresh();
    await scene.deleteEntry();
    lease.isPeerThere = false;

    void lease.refresh();
    await scene.registrar.settled();

    expect(registry.calls).toEqual(['register', 'refresh']);
    expect(lease.outcomes).toEqual(['registered']);
    expect(await scene.entry()).toBeUndefined();
  });
});
