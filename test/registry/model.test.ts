import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { SimulatedClock } from 'xstate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Claim, Entry, Registration, Registry } from '../../src/registry/registry.ts';
import { wentBackMs } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import type { AdapterUnderTest } from '../support/registry-adapters.ts';
import { adapters, leaseTtlMs } from '../support/registry-adapters.ts';

/** The promises of a registry, in as few words as possible. */
class Model {
  /** With the time that their leases end. */
  readonly #entries = new Map<string, { entry: Entry; endsAt: number }>();
  #now = 0;

  letPass(ms: number): void {
    this.#now += ms;
    for (const [deviceId, { endsAt }] of this.#entries) if (endsAt <= this.#now) this.#entries.delete(deviceId);
  }

  register({ deviceId, t, isFirst, ...owner }: Claim): Registration {
    const stored = this.lookup(deviceId);
    const isOthers = stored !== undefined && stored.traceId !== owner.traceId;
    const isLater = isOthers && (isFirst ? stored.t > t : stored.t >= t);
    if (isLater) return { outcome: 'refused', stored, isAhead: stored.t > Date.now() + wentBackMs };
    const entry: Entry = { v: 1, ...owner, t: isOthers && stored.t === t ? t + 1 : t };
    this.#entries.set(deviceId, { entry, endsAt: this.#now + leaseTtlMs });
    return { outcome: 'registered', entry, previous: stored };
  }

  refresh(deviceId: string): Entry | undefined {
    const stored = this.#entries.get(deviceId);
    if (stored) stored.endsAt = this.#now + leaseTtlMs;
    return stored?.entry;
  }

  unregister({ deviceId, traceId, t }: Claim): boolean {
    const stored = this.lookup(deviceId);
    return stored?.traceId === traceId && stored.t === t && this.#entries.delete(deviceId);
  }

  lookup(deviceId: string): Entry | undefined {
    return this.#entries.get(deviceId)?.entry;
  }
}

/** A batch is answered as the model answers its commands one by one. */
class Batch implements fc.AsyncCommand<Model, AdapterUnderTest> {
  readonly #operation: 'register' | 'refresh' | 'unregister' | 'lookup';
  readonly #claims: Claim[];

  constructor(operation: 'register' | 'refresh' | 'unregister' | 'lookup', claims: Claim[]) {
    this.#operation = operation;
    this.#claims = claims;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { registry }: AdapterUnderTest): Promise<void> {
    const expected = this.#claims.map((one) => this.#ask(model, one));

    deepStrictEqual(await this.#send(registry), expected);
  }

  toString(): string {
    return `${this.#operation}(${fc.stringify(this.#claims)})`;
  }

  #ask(model: Model, one: Claim): unknown {
    if (this.#operation === 'register' || this.#operation === 'unregister') return model[this.#operation](one);
    return model[this.#operation](one.deviceId);
  }

  #send(registry: Registry): Promise<unknown[]> {
    if (this.#operation === 'register') return registry.register(this.#claims);
    if (this.#operation === 'unregister') return registry.unregister(this.#claims);
    return registry[this.#operation](this.#claims.map(({ deviceId }) => deviceId));
  }
}

/** Time passes for the leases. */
class Pass implements fc.AsyncCommand<Model, AdapterUnderTest> {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { letPass }: AdapterUnderTest): Promise<void> {
    model.letPass(this.#ms);
    await letPass(this.#ms);
  }

  toString(): string {
    return `pass(${this.#ms})`;
  }
}

const whose = { deviceId: fc.constantFrom('a', 'b'), traceId: fc.constantFrom('x', 'y', 'z') };
const known = fc
  .record({ ...whose, t: fc.integer({ min: 1, max: 3 }), isFirst: fc.boolean() })
  .map((given): Claim => claim(given));
/** Around now, and to come. */
const anyTime = fc
  .record({ ...whose, t: fc.integer({ min: -3, max: 2 }), isFirst: fc.boolean() })
  .map(({ t, ...given }): Claim => claim({ ...given, t: Date.now() + t }));

function commandsOf(claims: fc.Arbitrary<Claim>) {
  const operation = fc.constantFrom('register', 'register', 'refresh', 'unregister', 'unregister', 'lookup');
  const batch = fc
    .tuple(operation, fc.array(claims, { minLength: 1, maxLength: 4 }))
    .map(([chosen, batched]) => new Batch(chosen, batched));
  const pass = fc.constantFrom(leaseTtlMs * 0.4, leaseTtlMs * 0.75).map((ms) => new Pass(ms)); // no sum of them is a lease
  return fc.commands([batch, batch, batch, batch, pass], { maxCommands: 15 });
}

describe('in memory', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('every sequence of batches is answered as by the model, in 10 000 runs', async () => {
    let runs = 0;
    const answersAsTheModel = fc.asyncProperty(commandsOf(fc.oneof(known, anyTime)), async (commands) => {
      runs += 1;
      const clock = new SimulatedClock();
      const registry = new MemoryRegistry(clock, leaseTtlMs);
      const letPass = async (ms: number) => clock.increment(ms);
      await fc.asyncModelRun(() => ({ model: new Model(), real: { registry, letPass } }), commands);
    });

    await fc.assert(answersAsTheModel, { numRuns: 10_000 });

    expect(runs).toBe(10_000);
  }, 60_000);
});

describe('in Redis', () => {
  it('every sequence of batches is answered as by the model, in as many runs as there is time for', async () => {
    const backend = await adapters.find(({ adapter }) => adapter === 'redis')!.start();
    const opened = await backend.open();
    let runs = 0;
    const answersAsTheModel = fc.asyncProperty(commandsOf(known), async (commands) => {
      await opened.letPass(2 * leaseTtlMs);
      await fc.asyncModelRun(() => ({ model: new Model(), real: opened }), commands);
      runs += 1;
    });

    await fc.assert(answersAsTheModel, { numRuns: 10_000, interruptAfterTimeLimit: 3000 });

    expect(runs).toBeGreaterThan(100);
    await opened.registry.close();
    await backend.stop();
  }, 60_000);
});
