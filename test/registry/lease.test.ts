import { SimulatedClock } from 'xstate';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LeaseOutcome, LeasePorts } from '../../src/registry/lease.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Reconciler } from '../../src/registry/reconciler.ts';
import type { Registrar } from '../../src/registry/registrar.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { AwaitedLease } from '../support/awaited-lease.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { leasePorts } from '../support/lease-ports.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';
import type { SingleRegistry } from '../support/singly.ts';
import { singly } from '../support/singly.ts';
import { until } from '../support/until.ts';

let clock: SimulatedClock;
/** Past the faults. */
let stored: SingleRegistry;
let registry: FaultyRegistry;
let registrar: Registrar;
let reconciler: Reconciler;
let errors: unknown[];
/** By whom, and the entry of whom. */
let takeovers: [string, Entry][];
let ports: LeasePorts;
let lease: AwaitedLease;

beforeEach(() => {
  clock = new SimulatedClock();
  const memory = new MemoryRegistry(clock, leaseTtlMs);
  stored = singly(memory);
  registry = new FaultyRegistry(memory);
  errors = [];
  takeovers = [];
  ports = leasePorts(registry, {
    clock,
    onError: (error) => errors.push(error),
    tookOver: (holder, previous) => takeovers.push([holder.traceId, previous]),
  });
  ({ registrar, reconciler } = ports);
  lease = new AwaitedLease(ports);
});

const entry = () => stored.lookup('device-1');

/** Another connection's registration; `later` than the present time, in ms. */
async function otherRegisters(later: number): Promise<Entry> {
  const answer = await stored.register(claim({ traceId: 'other' }), Date.now() + later);
  if (answer.outcome === 'refused') throw new Error('refused');
  return answer.entry;
}

const deleteEntry = async () => stored.unregister('device-1', (await entry())!);

/** On both clocks. */
async function passMs(ms: number): Promise<void> {
  const end = Date.now() + ms;
  await until(() => Date.now() >= end);
  clock.increment(ms);
}

describe('a registration', () => {
  it('writes the entry', async () => {
    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1', serverIp: '10.0.0.1', port: 8081, podId: 'pod-1' });
  });

  it('takes the place of an older connection', async () => {
    await otherRegisters(-1000);

    expect(await lease.refresh()).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
  });

  it('of a young connection is repeated once with the stored t + 1 when refused: the clock went back', async () => {
    const { t } = await otherRegisters(60_000);
    clock.increment(1999);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await entry()).toMatchObject({ traceId: 'trace-1', t: t + 1 });
    expect(registry.calls).toEqual(['register', 'register']);
  });

  it('of a young connection is superseded when refused by an entry that is not ahead of the clock', async () => {
    const other = await otherRegisters(-100);
    clock.increment(200);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await entry()).toEqual(other);
    expect(registry.calls).toEqual(['register']);
  });

  it('of a connection 2 s old is superseded when refused', async () => {
    const other = await otherRegisters(60_000);
    clock.increment(2000);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await entry()).toEqual(other);
    expect(registry.calls).toEqual(['register']);
  });

  it('is superseded when its repetition is refused, too', async () => {
    await otherRegisters(60_000);
    const release = registry.hold('register');
    const outcome = lease.refresh();
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

  it('writes the time of the connect, however late it is', async () => {
    clock.increment(90_000);
    const before = Date.now() - 90_000;

    await lease.refresh();

    const { t } = (await entry())!;
    expect(t >= before && t <= Date.now() - 90_000).toBe(true);
  });

  it('that failed is made up for by the refresh', async () => {
    registry.fail('register');
    const first = await lease.refresh();

    const second = await lease.refresh();

    expect([first, second]).toEqual(['failed', 'registered']);
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
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
    await stored.register(claim(), Date.now() + 5);

    const outcome = await lease.refresh();

    expect(outcome).toBe('registered');
    expect(await lease.release()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });
});

describe('a refresh', () => {
  beforeEach(() => lease.refresh());

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

  it('is superseded by another connection’s entry with the same t, which is the later of the two', async () => {
    const { t } = (await entry())!;
    await deleteEntry();
    await stored.register(claim({ traceId: 'other' }), t);

    const outcome = await lease.refresh();

    expect(outcome).toBe('superseded');
    expect(await entry()).toMatchObject({ traceId: 'other', t });
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
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });

  it('leaves the entry of a newer connection', async () => {
    await lease.refresh();
    const newer = await otherRegisters(1000);

    expect(await lease.release()).toBe('unregistered');
    expect(await entry()).toEqual(newer);
  });

  it('waits for a registration under way and deletes what that wrote', async () => {
    const release = registry.hold('register');
    const registration = lease.refresh();
    const unregistration = lease.release();
    await until(() => registry.calls.length === 1);

    release();

    expect(await Promise.all([registration, unregistration])).toEqual(['registered', 'unregistered']);
    expect(await entry()).toBeUndefined();
    expect(registry.calls).toEqual(['register', 'unregister']);
  });

  it('finds and deletes the entry of a registration that failed but was carried out', async () => {
    registry.fail('register', 'unanswered');
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });

  it('leaves another connection’s entry after a registration that failed', async () => {
    const other = await otherRegisters(-1000);
    registry.fail('register');
    await lease.refresh();

    expect(await lease.release()).toBe('unregistered');
    expect(await entry()).toEqual(other);
    expect(registry.calls).toEqual(['register', 'lookup']);
  });

  it('that failed is made up for by a repair', async () => {
    await lease.refresh();
    registry.fail('unregister');

    expect(await lease.release()).toBe('unregisterFailed');
    expect(await lease.repair(true)).toBe('unregistered');
    expect(await entry()).toBeUndefined();
  });

  it('that was carried out without an answer is confirmed by a repair, and harms no newer connection', async () => {
    await lease.refresh();
    registry.fail('unregister', 'unanswered');
    await lease.release();
    const newer = await otherRegisters(1000);

    expect(await lease.repair(true)).toBe('unregistered');
    expect(await entry()).toEqual(newer);
  });

  it('is asked for once', async () => {
    await lease.refresh();

    const first = lease.release();
    void lease.release();
    await first;
    void lease.release();
    await registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(lease.outcomes).toEqual(['registered', 'unregistered']);
  });
});

describe('a registry that fails', () => {
  it('is an outcome and is told to onError, and nothing throws', async () => {
    const other = new AwaitedLease(ports, { deviceId: 'device-2', traceId: 'trace-2' });
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
    expect(errors).toEqual(Array.from({ length: 4 }, () => expect.any(RegistryUnavailable)));
  });

  it('names the connection to onError', async () => {
    const holders: unknown[] = [];
    const other = new AwaitedLease({ ...ports, onError: (_, holder) => holders.push(holder) });
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
    await registrar.settled();

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
    await registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(lease.outcomes).toEqual(['registered', 'unregistered']);
  });

  it('an unregistration waits for all of a refresh that writes the entry again', async () => {
    await lease.refresh();
    await deleteEntry();

    const refresh = lease.refresh();
    const unregistration = lease.release();

    expect(await Promise.all([refresh, unregistration])).toEqual(['registered', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'refresh', 'register', 'unregister']);
    expect(await entry()).toBeUndefined();
  });

  it('an unregistration waits for the repetition of a refused registration', async () => {
    const { t } = await otherRegisters(60_000);

    const registration = lease.refresh();
    const unregistration = lease.release();

    expect(await Promise.all([registration, unregistration])).toEqual(['registered', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'register', 'unregister']);
    expect(t).toBeGreaterThan(Date.now());
    expect(await entry()).toBeUndefined();
  });

  it.each(['lost', 'unanswered'] as const)(
    'an unregistration waits for a registration that fails, %s, and finds out what became of it',
    async (fate) => {
      registry.fail('register', fate);

      const outcomes = await Promise.all([lease.refresh(), lease.release()]);

      expect(outcomes).toEqual(['failed', 'unregistered']);
      expect(registry.calls).toEqual(['register', 'lookup', ...(fate === 'lost' ? [] : ['unregister'])]);
      expect(await entry()).toBeUndefined();
      expect(reconciler.size).toBe(0);
    },
  );

  it('an unregistration waits for a refresh that fails, and deletes the entry', async () => {
    await lease.refresh();
    registry.fail('refresh');

    const outcomes = await Promise.all([lease.refresh(), lease.release()]);

    expect(outcomes).toEqual(['failed', 'unregistered']);
    expect(registry.calls).toEqual(['register', 'refresh', 'unregister']);
    expect(await entry()).toBeUndefined();
    expect(reconciler.size).toBe(0);
  });

  it('an unregistration waits for a refresh that is superseded, and leaves the newer entry', async () => {
    await lease.refresh();
    const newer = await otherRegisters(1000);

    const outcomes = await Promise.all([lease.refresh(), lease.release()]);

    expect(outcomes).toEqual(['superseded', 'unregistered']);
    expect(await entry()).toEqual(newer);
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
    const newer = await otherRegisters(60_000);
    const leaver = new Leaver(ports, claim({ traceId: 'leaver' }));
    clock.increment(2000);

    void leaver.refresh();
    await registrar.settled();

    expect(leaver.outcomes).toEqual(['superseded', 'unregistered']);
    expect(await entry()).toEqual(newer);
  });

  it('that unregisters while it is answered has its entry deleted, also when it was about to anyway', async () => {
    const leaver = new Leaver(ports);
    leaver.leavesAt = 'registered';

    void leaver.refresh();
    void leaver.release();
    await registrar.settled();

    expect(registry.calls).toEqual(['register', 'unregister']);
    expect(leaver.outcomes).toEqual(['registered', 'unregistered']);
    expect(await entry()).toBeUndefined();
  });

  it('is never answered within its command', () => {
    void lease.refresh();
    void lease.release();

    expect(lease.outcomes).toEqual([]);
  });

  it('hears of its own entry only: two leases of one turn are answered each for itself', async () => {
    const { deviceId } = claim();
    const other = new AwaitedLease(ports, { deviceId, traceId: 'other' });
    const third = new AwaitedLease(ports, { deviceId: 'device-3', traceId: 'trace-3' });
    registry.fail('register');

    const outcomes = await Promise.all([lease.refresh(), other.refresh(), third.refresh()]);

    expect(outcomes).toEqual(['failed', 'registered', 'registered']);
    expect(await entry()).toMatchObject({ traceId: 'other' });
    expect(await stored.lookup('device-3')).toMatchObject({ traceId: 'trace-3' });
  });
});

it('a lease asks who the owner is when it has something to write, not before', async () => {
  let port = 0;
  const { serverIp, podId } = claim();
  const early = new AwaitedLease({ ...ports, owner: () => ({ serverIp, port, podId }) });
  port = 4711;

  await early.refresh();

  expect(await entry()).toMatchObject({ port: 4711 });
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

      expect(reconciler.size).toBe(1);
      await lease.repair(isLeaving);
      expect(reconciler.size).toBe(0);
      expect((await entry())?.traceId).toBe(isLeaving ? undefined : 'trace-1');
    },
  );

  it('stays so while its repairs fail', async () => {
    registry.fail('register');
    await lease.refresh();
    registry.fail('register');

    await lease.repair();

    expect(reconciler.size).toBe(1);
    expect(await lease.repair()).toBe('registered');
  });

  it('is clean when it learns that it is superseded: the entry is not its own to repair', async () => {
    await lease.refresh();
    registry.fail('refresh');
    await lease.refresh();
    await otherRegisters(1000);

    const outcome = await lease.repair();

    expect([outcome, reconciler.size]).toEqual(['superseded', 0]);
  });

  it('is clean when its connection leaves and the entry is gone', async () => {
    registry.fail('register');
    await lease.refresh();

    await lease.release();

    expect(reconciler.size).toBe(0);
  });

  it('writes an entry again that was lost, with its first t', async () => {
    await lease.refresh();
    const first = await entry();
    await deleteEntry();
    clock.increment(5000);

    await lease.repair();

    expect(await entry()).toEqual(first);
  });

  it('is over when it was released so long ago that what it wrote has ended', async () => {
    await lease.refresh();
    registry.fail('unregister');

    const isOver = [lease.lease.isOver];
    await lease.release();
    clock.increment(leaseTtlMs - 1);
    isOver.push(lease.lease.isOver);
    clock.increment(1);
    isOver.push(lease.lease.isOver);

    expect(isOver).toEqual([false, false, true]);
    expect(await entry()).toBeUndefined();
  });

  it('is never over while it is held', async () => {
    registry.fail('register');
    await lease.refresh();

    clock.increment(10 * leaseTtlMs);

    expect(lease.lease.isOver).toBe(false);
  });

  it('is repaired by the reconciler in the background, held or released', async () => {
    const other = new AwaitedLease(ports, { deviceId: 'device-2', traceId: 'trace-2' });
    await other.refresh();
    registry.fail('register');
    registry.fail('unregister');
    await Promise.all([lease.refresh(), other.release()]);
    reconciler.start();

    clock.increment(50);
    await registrar.settled();

    expect(reconciler.size).toBe(0);
    expect(await entry()).toMatchObject({ traceId: 'trace-1' });
    expect(await stored.lookup('device-2')).toBeUndefined();
    reconciler.stop();
  });
});

/** While the registry is away; the first of them is 500 ms the older. */
async function acceptTwo(): Promise<[AwaitedLease, AwaitedLease]> {
  const owner = () => ({ serverIp: '10.0.0.2', port: 8081, podId: 'pod-2' });
  const older = new AwaitedLease(ports, claim({ traceId: 'older' }));
  registry.fail('register');
  await older.refresh();
  clock.increment(500);
  const newer = new AwaitedLease({ ...ports, owner }, claim({ traceId: 'newer' }));
  registry.fail('register');
  await newer.refresh();
  clock.increment(30_000);
  return [older, newer];
}

describe('two connections of one device that were accepted during an outage by two pods', () => {
  it('end with the entry of the newer one when that registers last', async () => {
    const [older, newer] = await acceptTwo();

    const first = await older.repair();
    const second = await newer.repair();

    expect([first, second]).toEqual(['registered', 'registered']);
    expect(await entry()).toMatchObject({ traceId: 'newer', podId: 'pod-2' });
    expect(await older.refresh()).toBe('superseded');
    expect(await entry()).toMatchObject({ traceId: 'newer' });
  });

  it('end with the entry of the newer one when that registers first', async () => {
    const [older, newer] = await acceptTwo();

    const first = await newer.repair();
    const second = await older.repair();

    expect([first, second]).toEqual(['registered', 'superseded']);
    expect(await entry()).toMatchObject({ traceId: 'newer', podId: 'pod-2' });
  });

  it('end with the entry of the newer one also when the registry has the one of before the outage', async () => {
    await otherRegisters(-3_600_000);
    const [older, newer] = await acceptTwo();

    await newer.repair();

    expect(await older.repair()).toBe('superseded');
    expect(await entry()).toMatchObject({ traceId: 'newer' });
  });
});

it('a registration that is carried out long after it timed out does not supersede a newer connection', async () => {
  const older = new AwaitedLease(ports, claim({ traceId: 'older' }));
  const carryOut = registry.hold('register', 'unanswered');
  const late = older.refresh();
  await until(() => registry.calls.length === 1);
  await passMs(5);
  const newer = new AwaitedLease(ports, claim({ traceId: 'newer' }));
  await newer.refresh();
  await passMs(5);
  carryOut();
  await late;

  const outcome = await newer.refresh();

  expect(outcome).toBe('registered');
  expect(await entry()).toMatchObject({ traceId: 'newer' });
});

describe('a holder is told that it took over', () => {
  const elsewhere = { serverIp: '10.0.0.2', port: 8082, podId: 'pod-2' };

  it('from the connection at another pod whose entry it replaced', async () => {
    await stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await lease.refresh();

    expect(takeovers).toEqual([['trace-1', { v: 1, traceId: 'other', t: 1000, ...elsewhere }]]);
  });

  it('not from its own pod', async () => {
    await stored.register(claim({ traceId: 'other' }), 1000);

    await lease.refresh();

    expect(takeovers).toEqual([]);
  });

  it('not when there was no entry, or it is its own', async () => {
    await lease.refresh();
    await lease.refresh();
    clock.increment(leaseTtlMs);
    await lease.refresh();

    expect(takeovers).toEqual([]);
  });

  it('not when it was superseded', async () => {
    await stored.register(claim({ traceId: 'other', ...elsewhere }), Date.now() + 60_000);
    clock.increment(2000);

    await lease.refresh();

    expect(takeovers).toEqual([]);
  });

  it('when it writes its entry again over that of an older connection', async () => {
    await lease.refresh();
    await deleteEntry();
    await stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await lease.refresh();

    expect(takeovers).toMatchObject([['trace-1', { traceId: 'other' }]]);
  });

  it('before it is told that it is registered', async () => {
    const told: string[] = [];
    const other = new AwaitedLease({ ...ports, tookOver: () => told.push(`with ${other.outcomes.length} outcomes`) });
    await stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await other.refresh();

    expect(told).toEqual(['with 0 outcomes']);
  });
});
