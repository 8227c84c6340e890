import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { SimulatedClock } from 'xstate';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { LeaseHolder, LeaseOutcome, LeasePorts } from '../../src/registry/lease.ts';
import { Lease } from '../../src/registry/lease.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Claim, Hold, Registration, Registry, Reply } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { leasePorts } from '../support/lease-ports.ts';

const { deviceId } = claim();

/** Time stands still, so that much happens in one millisecond, but for the second that each time-out takes and what lies between connects. */
const clock = new SimulatedClock();

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

function pass(ms: number): void {
  clock.increment(ms);
  vi.setSystemTime(Date.now() + ms);
}

/** The one registry of all pods. */
class SharedRegistry extends MemoryRegistry {
  /** The `t` of each connection that was ever registered, by traceId, the last written last. */
  readonly times = new Map<string, number>();

  override async register(claims: readonly Claim[]): Promise<Registration[]> {
    const replies = await super.register(claims);
    for (const reply of replies) {
      if (reply.outcome === 'refused') continue;
      this.times.delete(reply.entry.traceId);
      this.times.set(reply.entry.traceId, reply.entry.t);
    }
    return replies;
  }
}

/** How a batch fares. `timed out`: carried out, before its sender gives up or after that. `lost`: never carried out. */
type Fate = 'answered' | 'timed out' | 'lost';

/** One pod's line to the registry: batches arrive, in their order, and are answered when `scheduler` wants. */
class Line implements Registry {
  /** Of the batches to come; after these all are answered. */
  readonly #fates: Fate[];
  readonly #registry: Registry;
  readonly #scheduler: fc.Scheduler;
  #lastArrival: Promise<unknown> = Promise.resolve();

  constructor(registry: Registry, scheduler: fc.Scheduler, fates: readonly Fate[]) {
    this.#registry = registry;
    this.#scheduler = scheduler;
    this.#fates = [...fates];
  }

  /** All batches to come are answered. */
  mend(): void {
    this.#fates.length = 0;
  }

  /** Resolves when all that was sent so far has arrived. */
  get idle(): Promise<unknown> {
    return this.#lastArrival;
  }

  register(claims: readonly Claim[]): Promise<Reply<Registration>[]> {
    return this.#send('register', claims, () => this.#registry.register(claims));
  }

  refresh(deviceIds: readonly string[]) {
    return this.#send('refresh', deviceIds, () => this.#registry.refresh(deviceIds));
  }

  unregister(holds: readonly Hold[]) {
    return this.#send('unregister', holds, () => this.#registry.unregister(holds));
  }

  lookup(deviceIds: readonly string[]) {
    return this.#send('lookup', deviceIds, () => this.#registry.lookup(deviceIds));
  }

  async time(): Promise<number> {
    return Date.now();
  }

  async grantCloses(count: number): Promise<number> {
    return count;
  }

  async writePod(): Promise<void> {}

  async deletePod(): Promise<void> {}

  async pods(): Promise<[]> {
    return [];
  }

  async close(): Promise<void> {}

  async #send<T>(name: string, batch: readonly unknown[], run: () => Promise<Reply<T>[]>): Promise<Reply<T>[]> {
    const fate = this.#fates.shift() ?? 'answered';
    const replies = fate === 'lost' ? [] : this.#arrive(name, run);
    if (fate === 'answered') {
      await replies;
      await this.#scheduler.schedule(Promise.resolve(), `${name} is answered`);
      return replies;
    }
    await this.#scheduler.schedule(Promise.resolve(), `${name} is given up`);
    pass(1000);
    return batch.map(() => new RegistryUnavailable(name, new Error('no answer')));
  }

  #arrive<T>(name: string, run: () => Promise<T>): Promise<T> {
    const arrival = this.#lastArrival
      .then(() => this.#scheduler.schedule(Promise.resolve(), `${name} arrives`))
      .then(run);
    this.#lastArrival = arrival;
    return arrival;
  }
}

/** A connection does to its lease what the chart of connections would. */
class Connection implements LeaseHolder {
  readonly deviceId = deviceId;
  readonly traceId: string;
  readonly isPeerThere = true;
  readonly #lease: Lease;
  isOpen = true;

  constructor(ports: LeasePorts, traceId: string) {
    this.traceId = traceId;
    this.#lease = new Lease(ports, this);
    this.#lease.refresh();
  }

  refresh(): void {
    if (this.isOpen) this.#lease.refresh();
  }

  leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#lease.release();
  }

  leaseAnswered(outcome: LeaseOutcome): void {
    if (outcome === 'superseded') this.leave();
  }
}

interface Life {
  pod: number;
  /** It connects so long after the one before it, ms. */
  afterMs: number;
  refreshes: number;
  leaves: boolean;
}

const livesAfter = (...afterMs: number[]) =>
  fc.array(
    fc.record({ pod: fc.nat(2), afterMs: fc.constantFrom(...afterMs), refreshes: fc.nat(2), leaves: fc.boolean() }),
    { minLength: 2, maxLength: 3 },
  );

/** Also in the same millisecond: then the registry's order counts, which nobody else knows. */
const lives = livesAfter(0, 0, 1, 1500);
const livesApart = livesAfter(1, 2, 1500);

const fate = fc.constantFrom<Fate>('answered', 'timed out', 'lost');
/** Of the batches of each of three pods. */
const anyFates = fc.array(fc.array(fate, { maxLength: 6 }), { minLength: 3, maxLength: 3 });

/** With time after each step for all that follows from it: what is asked of a registrar leaves in the next turn. */
const scheduler = fc.scheduler({
  async act(step) {
    await step();
    await setImmediate();
    await setImmediate();
  },
});

interface WorldOptions {
  lives: Life[];
  /** Of the batches of each pod. */
  fates?: Fate[][];
  onError?: (error: RegistryUnavailable) => void;
}

/** Some pods with their lines to one registry, and the connections of one device to them. */
class World {
  readonly registry = new SharedRegistry(clock, 60_000);
  /** The one that connected last is the last. */
  readonly connections: Connection[] = [];
  readonly #scheduler: fc.Scheduler;
  readonly #lines: Line[];
  readonly #pods: LeasePorts[];
  readonly #lives: Life[];

  constructor(chosen: fc.Scheduler, { lives: given, fates = [], onError = () => {} }: WorldOptions) {
    this.#scheduler = chosen;
    this.#lives = given;
    this.#lines = [0, 1, 2].map((pod) => new Line(this.registry, chosen, fates[pod] ?? []));
    this.#pods = this.#lines.map((line) => leasePorts(line, { clock, onError }));
  }

  /** Lives all lives, each step when the scheduler wants, to where nothing is under way any more. */
  async live(): Promise<void> {
    const started = this.#lives.map((life, index) => this.#live(life, index));
    await this.#scheduler.waitFor(Promise.all(started));
    await this.#settle();
  }

  /** The lines are good now: every pod repairs what is dirty, and every connection that is still there refreshes its lease. */
  async repair(): Promise<void> {
    for (const line of this.#lines) line.mend();
    for (const { reconciler } of this.#pods) reconciler.flush();
    await this.#settle();
    for (const connection of this.connections) {
      connection.refresh();
      await this.#settle();
    }
  }

  get dirty(): number {
    return this.#pods.reduce((sum, { reconciler }) => sum + reconciler.size, 0);
  }

  /** Those that were not told to leave. */
  get remaining(): string[] {
    return this.#lives.flatMap(({ leaves }, index) => (leaves ? [] : [`${index}`]));
  }

  /** The one of them all that was written with the latest `t`, or of two such the one that was written last. */
  get newest(): string {
    return [...this.registry.times].sort(([, one], [, two]) => one - two).at(-1)?.[0] ?? 'none';
  }

  /** None has been told to leave, and none has been superseded. */
  get open(): string[] {
    return this.connections.filter(({ isOpen }) => isOpen).map(({ traceId }) => traceId);
  }

  async stored(): Promise<string | undefined> {
    const [entry] = await this.registry.lookup([deviceId]);
    return entry?.traceId;
  }

  async #live({ pod, afterMs, refreshes, leaves }: Life, index: number): Promise<void> {
    const step = (name: string) => this.#scheduler.schedule(Promise.resolve(), `${index} ${name}`);
    await step('connects');
    pass(afterMs);
    const connection = new Connection(this.#pods[pod]!, `${index}`);
    this.connections.push(connection);
    for (let count = 0; count < refreshes; count += 1) {
      await step('refreshes');
      connection.refresh();
    }
    if (!leaves) return;
    await step('leaves');
    connection.leave();
  }

  async #settle(): Promise<void> {
    for (const { registrar } of this.#pods) await this.#scheduler.waitFor(registrar.settled());
    for (const line of this.#lines) await this.#scheduler.waitFor(line.idle);
  }
}

it('ends with the entry of the newest connection if that is still there, and never with one of a connection that left', async () => {
  const onError = (error: unknown) => expect.unreachable(String(error));
  const endsWell = fc.asyncProperty(scheduler, lives, async (chosen, given) => {
    const world = new World(chosen, { lives: given, onError });

    await world.live();

    const { newest, remaining } = world;
    expect(remaining.includes(newest) ? [newest] : [undefined, ...remaining]).toContain(await world.stored());
  });

  await fc.assert(endsWell, { numRuns: 3000 });
}, 60_000);

it('ends after any time-outs with one open connection at most, whose entry it is, once the pods have made up for them', async () => {
  const endsWell = fc.asyncProperty(scheduler, lives, anyFates, async (chosen, given, chosenFates) => {
    const world = new World(chosen, { lives: given, fates: chosenFates });

    await world.live();
    await world.repair();
    await world.repair();

    const { remaining, open, dirty } = world;
    const stored = await world.stored();
    expect(open).toEqual(stored === undefined ? [] : [stored]);
    expect(remaining.length === given.length ? remaining : [undefined, ...remaining]).toContain(stored);
    expect(dirty).toBe(0);
  });

  await fc.assert(endsWell, { numRuns: 10_000 });
}, 60_000);

it('ends after any time-outs with the entry of the one that connected last, unless that left by itself', async () => {
  const endsWell = fc.asyncProperty(scheduler, livesApart, anyFates, async (chosen, given, chosenFates) => {
    const world = new World(chosen, { lives: given, fates: chosenFates });

    await world.live();
    await world.repair();
    await world.repair();

    const { connections, remaining, open } = world;
    const newest = connections.at(-1)!.traceId;
    const stored = await world.stored();
    expect(open).toEqual(stored === undefined ? [] : [stored]);
    expect(remaining.includes(newest) ? [newest] : [undefined, ...remaining]).toContain(stored);
  });

  await fc.assert(endsWell, { numRuns: 5000 });
}, 60_000);
