import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { guarded } from '../../src/registry/guarded.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { podRecord } from '../support/pod-record.ts';
import { leaseTtlMs } from '../support/registry-adapters.ts';

let faulty: FaultyRegistry;
let isUp: boolean;
let told: string[];
let registry: Registry;

beforeEach(() => {
  faulty = new FaultyRegistry(new MemoryRegistry(new SimulatedClock(), leaseTtlMs));
  isUp = true;
  told = [];
  registry = guarded(faulty, { isUp: () => isUp, tell: ({ type }) => told.push(type) });
});

const operations = ['register', 'refresh', 'unregister', 'lookup'] as const;
const hold = { ...claim(), t: 1 };

function ask(operation: (typeof operations)[number], count: number): Promise<unknown[]> {
  const holds = Array.from({ length: count }, (_, index) => ({ ...hold, deviceId: `device-${index}` }));
  if (operation === 'register' || operation === 'unregister') return registry[operation](holds);
  return registry[operation](holds.map(({ deviceId }) => deviceId));
}

describe.each(operations)('a guarded %s', (operation) => {
  it('is carried out while the link is up, and the gate is told', async () => {
    const replies = await ask(operation, 2);

    expect(replies.some((reply) => reply instanceof RegistryUnavailable)).toBe(false);
    expect(faulty.calls).toEqual([operation, operation]);
    expect(told).toEqual(['registry.answered']);
  });

  it('is not sent while the link is down: each command is answered at once as failed, and the gate is told nothing', async () => {
    isUp = false;

    const replies = await ask(operation, 3);

    expect(replies).toEqual(Array.from({ length: 3 }, () => expect.any(RegistryUnavailable)));
    expect(replies[0]).toMatchObject({ result: 'failed' });
    expect(faulty.calls).toEqual([]);
    expect(told).toEqual([]);
  });

  it('of which one command was answered is an answer', async () => {
    faulty.fail(operation);

    const replies = await ask(operation, 2);

    expect(replies.map((reply) => reply instanceof RegistryUnavailable)).toEqual([true, false]);
    expect(told).toEqual(['registry.answered']);
  });

  it('of no commands is neither sent nor a failure', async () => {
    const replies = await ask(operation, 0);

    expect(replies).toEqual([]);
    expect(told).toEqual([]);
  });

  it('that is answered after the link went down tells the gate nothing: only a probe opens it again', async () => {
    const answer = faulty.hold(operation);
    const replies = ask(operation, 1);
    isUp = false;

    answer();
    await replies;

    expect(told).toEqual([]);
  });

  it('without any answer is a failure', async () => {
    faulty.usually = 'lost';

    await ask(operation, 2);

    expect(told).toEqual(['registry.failed']);
  });
});

describe('a grant of closes', () => {
  it('is asked for while the link is up', async () => {
    expect(await registry.grantCloses(7, 1000)).toBe(7);
  });

  it('is not asked for while it is down, and who asks is told', async () => {
    isUp = false;

    await expect(registry.grantCloses(7, 1000)).rejects.toThrow(RegistryUnavailable);

    expect(faulty.calls).toEqual([]);
  });
});

it('the pods are asked for while the link is up, and not while it is down', async () => {
  await registry.pods();
  isUp = false;

  await expect(registry.pods()).rejects.toThrow(RegistryUnavailable);

  expect(faulty.calls).toEqual(['pods']);
});

describe('the record of the pod', () => {
  it.each([true, false])('is written and deleted whatever the gate says; up: %s', async (up) => {
    isUp = up;

    await registry.writePod('pod-1', podRecord());
    await registry.deletePod('pod-1');

    expect(faulty.calls).toEqual(['writePod', 'deletePod']);
    expect(told).toEqual([]);
  });

  it('that cannot be written is told to who writes it', async () => {
    faulty.fail('writePod');

    await expect(registry.writePod('pod-1', podRecord())).rejects.toThrow(RegistryUnavailable);
  });
});
