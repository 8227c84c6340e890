import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { SimulatedClock } from 'xstate';
import { createMetrics } from '../../src/observe/metrics.ts';
import { measured } from '../../src/registry/measured.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { podRecord } from '../support/pod-record.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';

let clock: SimulatedClock;
let faulty: FaultyRegistry;
let registry: Registry;
/** Each batch: operation, ok, failed, unknown, ms. */
let batches: unknown[][];
/** What the witness heard. */
let heard: string[];

beforeEach(() => {
  clock = new SimulatedClock();
  faulty = new FaultyRegistry(new MemoryRegistry(clock, leaseTtlMs));
  batches = [];
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  metrics.registryBatch = (operation, { ok, failed, unknown }, ms) =>
    void batches.push([operation, ok, failed, unknown, ms]);
  heard = [];
  registry = measured(faulty, metrics, clock, {
    failed: ({ operation, result }) => void heard.push(`${operation} ${result}`),
    carriedOut: (operation) => void heard.push(`${operation} carried out`),
  });
});

const hold = { ...claim(), t: 1 };

describe('a measured registry', () => {
  it('counts the commands of each batch by what became of them, and its time', async () => {
    faulty.fail('refresh', 'lost');
    const answer = faulty.hold('lookup', 'unanswered');

    await registry.register([claim(), claim()]);
    await registry.refresh(['device-1', 'device-2', 'device-3']);
    const lookup = registry.lookup(['device-1']);
    clock.increment(700);
    answer();
    await lookup;
    await registry.unregister([hold]);

    expect(batches).toEqual([
      ['register', 2, 0, 0, 0],
      ['refresh', 2, 1, 0, 0],
      ['lookup', 0, 0, 1, 700],
      ['unregister', 1, 0, 0, 0],
    ]);
  });

  it('counts the records of pods as well, and rejects as before', async () => {
    await registry.writePod('pod-1', podRecord());
    faulty.fail('deletePod', 'unanswered');

    await expect(registry.deletePod('pod-1')).rejects.toThrow(RegistryUnavailable);

    expect(batches).toEqual([
      ['write-pod', 1, 0, 0, 0],
      ['delete-pod', 0, 0, 1, 0],
    ]);
  });

  it('tells of each batch whether a command of it has failed', async () => {
    faulty.fail('refresh', 'lost');

    await registry.refresh(['device-1', 'device-2']);
    await registry.register([claim()]);
    faulty.fail('writePod', 'unanswered');
    await registry.writePod('pod-1', podRecord()).catch(() => {});

    expect(heard).toEqual(['refresh failed', 'register carried out', 'writePod unknown']);
  });

  it('gives the replies as they are', async () => {
    faulty.fail('register');

    const replies = await registry.register([claim(), claim({ deviceId: 'device-2' })]);

    expect(replies).toMatchObject([{ code: 'registry-unavailable' }, { outcome: 'registered' }]);
  });
});
