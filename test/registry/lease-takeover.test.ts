import { beforeEach, describe, expect, it } from 'vitest';
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

/** On both clocks. */
async function passMs(ms: number): Promise<void> {
  const end = Date.now() + ms;
  await until(() => Date.now() >= end);
  scene.clock.increment(ms);
}

/** While the registry is away; the first of them is 500 ms the older. */
async function acceptTwo(): Promise<[AwaitedLease, AwaitedLease]> {
  const owner = () => ({ serverIp: '10.0.0.2', port: 8081, podId: 'pod-2' });
  const older = new AwaitedLease(scene.ports, claim({ traceId: 'older' }));
  registry.fail('register');
  await older.refresh();
  scene.clock.increment(500);
  const newer = new AwaitedLease({ ...scene.ports, owner }, claim({ traceId: 'newer' }));
  registry.fail('register');
  await newer.refresh();
  scene.clock.increment(30_000);
  return [older, newer];
}

describe('two connections of one device that were accepted during an outage by two pods', () => {
  it('end with the entry of the newer one when that registers last', async () => {
    const [older, newer] = await acceptTwo();

    const first = await older.repair();
    const second = await newer.repair();

    expect([first, second]).toEqual(['registered', 'registered']);
    expect(await scene.entry()).toMatchObject({ traceId: 'newer', podId: 'pod-2' });
    expect(await older.refresh()).toBe('superseded');
    expect(await scene.entry()).toMatchObject({ traceId: 'newer' });
  });

  it('end with the entry of the newer one when that registers first', async () => {
    const [older, newer] = await acceptTwo();

    const first = await newer.repair();
    const second = await older.repair();

    expect([first, second]).toEqual(['registered', 'superseded']);
    expect(await scene.entry()).toMatchObject({ traceId: 'newer', podId: 'pod-2' });
  });

  it('end with the entry of the newer one also when the registry has the one of before the outage', async () => {
    await scene.otherRegisters(-3_600_000);
    const [older, newer] = await acceptTwo();

    await newer.repair();

    expect(await older.repair()).toBe('superseded');
    expect(await scene.entry()).toMatchObject({ traceId: 'newer' });
  });
});

it('a registration that is carried out long after it timed out does not supersede a newer connection', async () => {
  const older = new AwaitedLease(scene.ports, claim({ traceId: 'older' }));
  const carryOut = registry.hold('register', 'unanswered');
  const late = older.refresh();
  await until(() => registry.calls.length === 1);
  await passMs(5);
  const newer = new AwaitedLease(scene.ports, claim({ traceId: 'newer' }));
  await newer.refresh();
  await passMs(5);
  carryOut();
  await late;

  const outcome = await newer.refresh();

  expect(outcome).toBe('registered');
  expect(await scene.entry()).toMatchObject({ traceId: 'newer' });
});

describe('a holder is told that it took over', () => {
  const elsewhere = { serverIp: '10.0.0.2', port: 8082, podId: 'pod-2' };

  it('from the connection at another pod whose entry it replaced', async () => {
    await scene.stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await lease.refresh();

    expect(scene.takeovers).toEqual([['trace-1', { v: 1, traceId: 'other', t: 1000, ...elsewhere }]]);
  });

  it('not from its own pod', async () => {
    await scene.stored.register(claim({ traceId: 'other' }), 1000);

    await lease.refresh();

    expect(scene.takeovers).toEqual([]);
  });

  it('not when there was no entry, or it is its own', async () => {
    await lease.refresh();
    await lease.refresh();
    scene.clock.increment(leaseTtlMs);
    await lease.refresh();

    expect(scene.takeovers).toEqual([]);
  });

  it('not when it was superseded', async () => {
    await scene.stored.register(claim({ traceId: 'other', ...elsewhere }), Date.now() + 60_000);
    scene.clock.increment(2000);

    await lease.refresh();

    expect(scene.takeovers).toEqual([]);
  });

  it('when it writes its entry again over that of an older connection', async () => {
    await lease.refresh();
    await scene.deleteEntry();
    await scene.stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await lease.refresh();

    expect(scene.takeovers).toMatchObject([['trace-1', { traceId: 'other' }]]);
  });

  it('before it is told that it is registered', async () => {
    const told: string[] = [];
    const other = new AwaitedLease({
      ...scene.ports,
      tookOver: () => told.push(`with ${other.outcomes.length} outcomes`),
    });
    await scene.stored.register(claim({ traceId: 'other', ...elsewhere }), 1000);

    await other.refresh();

    expect(told).toEqual(['with 0 outcomes']);
  });
});
