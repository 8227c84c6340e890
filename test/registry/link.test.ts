import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { guarded } from '../../src/registry/guarded.ts';
import { RegistryLink } from '../../src/registry/link.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { Reconciler } from '../../src/registry/reconciler.ts';
import type { CheckedRegistry, PodRecord, Registry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { AwaitedLease } from '../support/awaited-lease.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { leasePorts } from '../support/lease-ports.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { podRecord } from '../support/pod-record.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';

/** Keeps the records of pods as well. */
class PodRegistry extends MemoryRegistry {
  readonly records = new Map<string, PodRecord>();

  override async writePod(podId?: string, record?: PodRecord): Promise<void> {
    this.records.set(podId!, record!);
  }

  override async deletePod(podId?: string): Promise<void> {
    this.records.delete(podId!);
  }
}

let clock: SteppedClock;
let records: PodRegistry['records'];
let memory: PodRegistry;
let faulty: FaultyRegistry;
let link: RegistryLink;
let record: PodRecord;
let recoveries: number[];
let recorded: number;

beforeEach(() => {
  clock = new SteppedClock();
  memory = new PodRegistry(clock, leaseTtlMs);
  ({ records } = memory);
  faulty = new FaultyRegistry(memory);
  record = podRecord();
  recoveries = [];
  recorded = 0;
  link = createLink(faulty);
});
afterEach(() => link.stop());

function createLink(registry: CheckedRegistry, recovered = () => {}): RegistryLink {
  return new RegistryLink({
    registry,
    podId: 'pod-1',
    record: () => record,
    clock,
    log: createLogger('silent'),
    recovered() {
      recoveries.push(clock.now());
      recovered();
    },
    recorded: () => (recorded += 1),
  });
}

const writes = () => faulty.calls.filter((call) => call === 'writePod').length;

/** Started, with the first answer. */
async function startLink(): Promise<void> {
  link.start();
  await setImmediate();
}

describe('the link to the registry', () => {
  it('is down until the record of the pod is written, and then recovers', async () => {
    const before = link.isUp();

    await startLink();

    expect([before, link.isUp()]).toEqual([false, true]);
    expect(records.get('pod-1')).toEqual(record);
    expect(recoveries).toEqual([0]);
  });

  it('asks the registry nothing before it is started', async () => {
    await clock.pass(20_000, 1000);

    expect(faulty.calls).toEqual([]);
  });

  it('tries again each quarter to half of a second until the record is written', async () => {
    faulty.usually = 'lost';
    await startLink();
    await clock.pass(20_000);
    const tries = writes();

    faulty.usually = 'answered';
    await clock.pass(500);

    expect(tries >= 20_000 / 500 && tries <= 20_000 / 250).toBe(true);
    expect(link.isUp()).toBe(true);
    expect(recoveries).toHaveLength(1);
  });

  it('writes the record as it is every 5 s while it is up', async () => {
    await startLink();
    record = podRecord({ connections: 7 });
    await clock.pass(4950);
    const early = [writes(), records.get('pod-1')?.connections];

    await clock.pass(50);
    const then = [writes(), records.get('pod-1')?.connections];
    await clock.pass(20_000);

    expect([early, then]).toEqual([
      [1, 3],
      [2, 7],
    ]);
    expect(writes()).toBe(6);
  });

  it('does not write it every 5 s besides the probes while it is down', async () => {
    await startLink();
    const answer = faulty.hold('writePod', 'lost');
    link.tell({ type: 'registry.lost' });
    await clock.pass(20_000);

    expect(writes()).toBe(2);
    answer();
  });

  it('writes the record at once when it is told to', async () => {
    await startLink();
    record = podRecord({ state: 'draining' });

    await link.beat();

    expect(records.get('pod-1')).toEqual(record);
  });

  it('is opened by three heartbeats in a row that fail, and recovers with the first that does not', async () => {
    await startLink();
    faulty.usually = 'unanswered';
    await clock.pass(14_950);
    const before = link.isUp();

    await clock.pass(50);
    const then = link.isUp();
    faulty.usually = 'answered';
    await clock.pass(500);

    expect([before, then, link.isUp()]).toEqual([true, false, true]);
    expect(recoveries).toHaveLength(2);
  });

  it('rejects nothing when the record cannot be written', async () => {
    faulty.usually = 'lost';

    await expect(link.beat()).resolves.toBeUndefined();
  });

  it('hears of commands that are answered or not, also before it is started', async () => {
    link.tell({ type: 'registry.connected' });
    await startLink();
    for (let times = 0; times < 3; times += 1) link.tell({ type: 'registry.failed' });

    expect(link.isUp()).toBe(false);
    link.tell({ type: 'registry.answered' });
    expect(link.isUp()).toBe(true);
  });
});

describe('a registry that refuses something', () => {
  const refusal = new RegistryUnavailable('check', new Error('NOPERM'), 'refused');

  it('keeps the link down, and nothing is recorded, until it refuses no more', async () => {
    faulty.refusal = refusal;
    await startLink();
    await clock.pass(20_000);
    const before = [link.isUp(), writes(), recorded];

    faulty.refusal = undefined;
    await clock.pass(500);

    expect(before).toEqual([false, 0, 0]);
    expect([link.isUp(), recoveries.length, recorded]).toEqual([true, 1, 1]);
  });

  it('takes the link down when that is found after another connect', async () => {
    await startLink();
    faulty.refusal = refusal;

    link.tell({ type: 'registry.connected' });
    await setImmediate();

    expect(link.isUp()).toBe(false);
  });

  it('is not taken for one that may be used because the record of the pod can be written', async () => {
    faulty.refusal = refusal;
    await startLink();

    await link.beat();

    expect(records.has('pod-1')).toBe(true);
    expect([link.isUp(), recorded]).toEqual([false, 0]);
  });

  it('is not taken for one that may be used because of an answer to what was sent before', async () => {
    const registry = guarded(faulty, { isUp: () => link.isUp(), tell: link.tell.bind(link) });
    await startLink();
    const answer = faulty.hold('lookup');
    const lookup = registry.lookup(['device-1']);
    faulty.refusal = refusal;
    link.tell({ type: 'registry.connected' });
    await setImmediate();

    answer();
    await lookup;

    expect(link.isUp()).toBe(false);
  });
});

describe('a registry that is full', () => {
  it('is up, but the pod is not recorded before there is room', async () => {
    faulty.isFull = true;
    await startLink();
    await clock.pass(20_000);
    const before = [link.isUp(), recorded];

    faulty.isFull = false;
    await clock.pass(5000);

    expect(before).toEqual([true, 0]);
    expect([link.isUp(), recorded, recoveries.length]).toEqual([true, 1, 1]);
  });

  it('does not go down when the record finds no room any more', async () => {
    await startLink();
    faulty.isFull = true;

    await clock.pass(60_000, 500);

    expect(link.isUp()).toBe(true);
  });
});

describe('what a registry does when it is full', () => {
  it('is known from the first probe, and learned again after another connect', async () => {
    faulty.facts = { evictionPolicy: 'volatile-lru' };
    const before = link.evictionPolicy;
    await startLink();
    const first = link.evictionPolicy;

    faulty.facts = { evictionPolicy: 'noeviction' };
    link.tell({ type: 'registry.connected' });
    await setImmediate();

    expect([before, first, link.evictionPolicy]).toEqual([undefined, 'volatile-lru', 'noeviction']);
  });
});

describe('at the end', () => {
  it('the record is deleted, and nothing is written any more', async () => {
    await startLink();

    await link.stop();
    await clock.pass(30_000, 1000);

    expect(records.has('pod-1')).toBe(false);
    expect(faulty.calls).toEqual(['writePod', 'deletePod']);
  });

  it('the record is tried to be deleted also when the registry is away, which rejects nothing', async () => {
    faulty.usually = 'lost';
    await startLink();

    await expect(link.stop()).resolves.toBeUndefined();
    await clock.pass(30_000, 1000);

    expect(faulty.calls).toEqual(['writePod', 'deletePod']);
  });

  it('an answer that comes late changes nothing', async () => {
    await startLink();
    const release = faulty.hold('writePod');
    const beat = link.beat();

    const stopped = link.stop();
    release();
    await Promise.all([beat, stopped]);
    link.tell({ type: 'registry.connected' });

    expect(recoveries).toEqual([0]);
  });
});

describe('the leases of a pod whose registry goes away', () => {
  let reconciler: Reconciler;
  let leases: AwaitedLease[];

  beforeEach(async () => {
    reconciler = new Reconciler({ clock, perSecond: 2000, isUp: () => link.isUp(), random: Math.random });
    link = createLink(faulty, () => reconciler.markAll(leases.map(({ lease }) => lease)));
    const gate = { isUp: () => link.isUp(), tell: link.tell.bind(link) };
    const ports = leasePorts(guarded(faulty, gate), { clock, reconciler });
    leases = Array.from(
      { length: 20 },
      (_, index) => new AwaitedLease(ports, claim({ deviceId: `device-${index}`, traceId: `trace-${index}` })),
    );
    reconciler.start();
    await startLink();
  });
  afterEach(() => reconciler.stop());

  const traceIds = async () =>
    (await memory.lookup(leases.map(({ deviceId }) => deviceId))).map((entry) => entry?.traceId);
  const all = () => leases.map(({ traceId }) => traceId);
  const commands = () => faulty.calls.filter((call) => call !== 'writePod');

  it('are registered while it is there', async () => {
    await Promise.all(leases.map((lease) => lease.refresh()));

    expect(await traceIds()).toEqual(all());
    expect(reconciler.size).toBe(0);
  });

  it('send nothing while it is down, and are all registered afterwards', async () => {
    faulty.usually = 'lost';
    for (let times = 0; times < 3; times += 1) await Promise.all(leases.slice(0, 3).map((lease) => lease.refresh()));
    const isUpThen = link.isUp();
    const sent = commands().length;

    const outcomes = await Promise.all(leases.map((lease) => lease.refresh()));
    await clock.pass(60_000, 500);

    expect(isUpThen).toBe(false);
    expect(outcomes).toEqual(leases.map(() => 'failed'));
    expect(commands()).toHaveLength(sent);
    expect(reconciler.size).toBe(leases.length);
    faulty.usually = 'answered';
    await clock.pass(1500);
    expect(reconciler.size).toBe(0);
    expect(await traceIds()).toEqual(all());
  });

  it('that were registered before are all written again when it comes back empty', async () => {
    await Promise.all(leases.map((lease) => lease.refresh()));
    link.tell({ type: 'registry.lost' });
    clock.increment(leaseTtlMs);

    await clock.pass(1500);

    expect(await traceIds()).toEqual(all());
    expect(reconciler.size).toBe(0);
  });

  it('that left during the outage are deleted afterwards', async () => {
    await Promise.all(leases.map((lease) => lease.refresh()));
    faulty.usually = 'lost';
    link.tell({ type: 'registry.lost' });
    await setImmediate();
    const [first, ...others] = leases;
    await Promise.all(others.map((lease) => lease.release()));
    const before = [reconciler.size, (await traceIds()).filter(Boolean).length];
    leases = [first!];

    faulty.usually = 'answered';
    await clock.pass(1500);

    expect(before).toEqual([19, 20]);
    expect(reconciler.size).toBe(0);
    const left = await memory.lookup(others.map(({ deviceId }) => deviceId));
    expect(left).toEqual(others.map(() => undefined));
    expect(await traceIds()).toEqual([first!.traceId]);
  });

  it('are no longer waited for when those that left have ended, though it never comes back', async () => {
    await Promise.all(leases.map((lease) => lease.refresh()));
    faulty.usually = 'lost';
    link.tell({ type: 'registry.lost' });
    await setImmediate();
    await Promise.all(leases.map((lease) => lease.release()));

    await clock.pass(leaseTtlMs + 2000, 500);

    expect(reconciler.size).toBe(0);
  });
});

it('a registry that answers some commands with an error of their own is up', async () => {
  const gate = { isUp: () => link.isUp(), tell: link.tell.bind(link) };
  const registry = guarded(poisoned(faulty), gate);
  await startLink();

  for (let times = 0; times < 5; times += 1) await registry.lookup(['poisoned']);

  expect(link.isUp()).toBe(true);
});

/** Answers like a Redis whose key of this device is a list. */
function poisoned(registry: Registry): Registry {
  const error = new RegistryUnavailable('lookup', new Error('WRONGTYPE'), 'refused');
  return Object.assign(Object.create(registry) as Registry, { lookup: async () => [error] });
}
