import { setImmediate } from 'node:timers/promises';
import { SimulatedClock } from 'xstate';
import { beforeEach, expect, it } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { Heartbeat } from '../../src/registry/heartbeat.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { PodRecord } from '../../src/registry/registry.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';

const record: PodRecord = {
  serverIp: '10.0.0.1',
  port: 8081,
  state: 'serving',
  connections: 0,
  startedAt: '2026-01-01T00:00:00.000Z',
};

let clock: SimulatedClock;
let registry: RecordingRegistry;
let reached: number;
let heartbeat: Heartbeat;

class RecordingRegistry extends FaultyRegistry {
  readonly written: [string, PodRecord][] = [];
  readonly deleted: string[] = [];

  override async writePod(podId: string, podRecord: PodRecord): Promise<void> {
    await super.writePod(podId, podRecord);
    this.written.push([podId, podRecord]);
  }

  override async deletePod(podId: string): Promise<void> {
    await super.deletePod(podId);
    this.deleted.push(podId);
  }
}

beforeEach(() => {
  clock = new SimulatedClock();
  registry = new RecordingRegistry(new MemoryRegistry(clock, 60_000));
  reached = 0;
  heartbeat = new Heartbeat({
    registry,
    podId: 'pod-1',
    record: () => ({ ...record, connections: clock.now() }),
    clock,
    log: createLogger('silent'),
    reached: () => (reached += 1),
  });
});

/** Moves the clock and lets everything happen that follows from it. */
async function pass(ms: number): Promise<void> {
  clock.increment(ms);
  await setImmediate();
}

it('writes the record at once and says that the registry was reached', async () => {
  heartbeat.start();
  await pass(0);

  expect(registry.written).toEqual([['pod-1', record]]);
  expect(reached).toBe(1);
});

it('tries every 100 ms until the registry is reached', async () => {
  const calls: number[] = [];
  heartbeat.start();
  registry.fail('writePod');
  await pass(0);
  registry.fail('writePod');

  for (const ms of [99, 1, 99, 1]) {
    await pass(ms);
    calls.push(registry.calls.length);
  }

  expect(calls).toEqual([1, 2, 2, 3]);
  expect(registry.written).toHaveLength(1);
  expect(reached).toBe(1);
});

it('writes the present record every 5 s from then on', async () => {
  heartbeat.start();
  await pass(0);
  await pass(4999);
  const early = registry.written.length;

  await pass(1);
  await pass(5000);

  expect(early).toBe(1);
  expect(registry.written.map(([, { connections }]) => connections)).toEqual([0, 5000, 10_000]);
});

it('keeps the 5 s through an outage and says only once that the registry was reached', async () => {
  heartbeat.start();
  await pass(0);
  registry.fail('writePod');
  await pass(5000);
  await pass(4999);
  const early = registry.calls.length;

  await pass(1);

  expect(early).toBe(2);
  expect(registry.written).toHaveLength(2);
  expect(reached).toBe(1);
});

it('starts no second beat while one waits for its answer', async () => {
  const release = registry.hold('writePod');
  heartbeat.start();

  await pass(0);
  await pass(60_000);

  expect(registry.calls).toEqual(['writePod']);
  release();
  await setImmediate();
  expect(reached).toBe(1);
});

it('writes the record out of turn when told to, and says whether that went well', async () => {
  const well = await heartbeat.beat();
  registry.fail('writePod');
  const badly = await heartbeat.beat();

  expect([well, badly]).toEqual([true, false]);
  expect(registry.written).toHaveLength(1);
});

it('deletes the record when stopped and writes no other', async () => {
  heartbeat.start();
  await pass(0);

  await heartbeat.stop();
  await pass(60_000);

  expect(registry.calls).toEqual(['writePod', 'deletePod']);
  expect(registry.deleted).toEqual(['pod-1']);
});

it('stops while the registry cannot be reached', async () => {
  registry.fail('writePod');
  heartbeat.start();
  await pass(0);
  registry.fail('deletePod');

  await heartbeat.stop();
  await pass(60_000);

  expect(registry.calls).toEqual(['writePod', 'deletePod']);
  expect(reached).toBe(0);
});

it('writes no other record when stopped during a beat', async () => {
  const release = registry.hold('writePod');
  heartbeat.start();
  await pass(0);

  await heartbeat.stop();
  release();
  await pass(60_000);

  expect(registry.calls).toEqual(['writePod', 'deletePod']);
});
