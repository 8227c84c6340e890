import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LeaseHolder } from '../../src/registry/lease.ts';
import { Lease } from '../../src/registry/lease.ts';
import { Registrar } from '../../src/registry/registrar.ts';
import type { Claim, Entry, Hold, Registration, Registry, Reply } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { leasePorts } from '../support/lease-ports.ts';

type Operation = 'register' | 'refresh' | 'unregister' | 'lookup';

const operations: Operation[] = ['register', 'refresh', 'unregister', 'lookup'];

/** What a lease was answered, and with it the command where the lease gets that. */
interface Answer {
  operation: Operation;
  reply: unknown;
  command?: Claim;
}

/** Writes down its answers and asks for nothing by itself. */
class RecordingLease extends Lease {
  readonly answers: Answer[] = [];
  isDropped = false;
  /** Called at each answer. */
  onAnswer = () => {};

  constructor(registrar: Registrar, holder: Pick<LeaseHolder, 'isPeerThere'> = { isPeerThere: true }) {
    const { deviceId, traceId } = claim();
    const leaseAnswered = () => {};
    super(leasePorts(registry, { registrar }), Object.assign(holder, { deviceId, traceId, leaseAnswered }));
  }

  override dropped(): void {
    this.isDropped = true;
  }

  override registered(reply: Reply<Registration>, command: Claim): void {
    this.#note({ operation: 'register', reply, command });
  }

  override refreshed(reply: Reply<Entry | undefined>): void {
    this.#note({ operation: 'refresh', reply });
  }

  override unregistered(reply: Reply<boolean>): void {
    this.#note({ operation: 'unregister', reply });
  }

  override found(reply: Reply<Entry | undefined>): void {
    this.#note({ operation: 'lookup', reply });
  }

  #note(answer: Answer): void {
    this.answers.push(answer);
    this.onAnswer();
  }
}

interface Batch {
  operation: Operation;
  deviceIds: string[];
}

/** Answers every command with something of its device, or of every fifth device that there was no answer. */
class RecordingRegistry implements Registry {
  readonly batches: Batch[] = [];
  /** What a batch waits for before it is answered. */
  wait: (batch: Batch) => Promise<unknown> = async () => {};

  register(claims: readonly Claim[]) {
    return this.#answer('register', claims, registration);
  }

  refresh(deviceIds: readonly string[]) {
    return this.#answer('refresh', asDevices(deviceIds), entry);
  }

  unregister(holds: readonly Hold[]) {
    return this.#answer('unregister', holds, isEven);
  }

  lookup(deviceIds: readonly string[]) {
    return this.#answer('lookup', asDevices(deviceIds), entry);
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

  async #answer<T>(
    operation: Operation,
    commands: readonly { deviceId: string }[],
    answer: (deviceId: string) => T,
  ): Promise<Reply<T>[]> {
    const batch = { operation, deviceIds: commands.map(({ deviceId }) => deviceId) };
    this.batches.push(batch);
    await this.wait(batch);
    return batch.deviceIds.map((deviceId) => replyTo(deviceId, answer));
  }
}

/** How many turns of the event loop a batch is put together in. */
const turnsOf = (operation: Operation) => (operation === 'register' ? 2 : 1);

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

const asDevices = (deviceIds: readonly string[]) => deviceIds.map((deviceId) => ({ deviceId }));

const entry = (deviceId: string): Entry => ({ v: 1, ...claim(), traceId: `of-${deviceId}`, t: Number(deviceId) });
const registration = (deviceId: string): Registration => ({
  outcome: 'refused',
  stored: entry(deviceId),
  isAhead: false,
});
const isEven = (deviceId: string) => Number(deviceId) % 2 === 0;

function replyTo<T>(deviceId: string, answer: (deviceId: string) => T): Reply<T> {
  if (Number(deviceId) % 5 !== 4) return answer(deviceId);
  return new RegistryUnavailable('test', `no answer about ${deviceId}`);
}

/** What the registry answers to a command about this device. */
function expectedAnswer(operation: Operation, deviceId: string): Answer {
  if (operation === 'register') {
    return { operation, reply: replyTo(deviceId, registration), command: claim({ deviceId, t: 1 }) };
  }
  return { operation, reply: operation === 'unregister' ? replyTo(deviceId, isEven) : replyTo(deviceId, entry) };
}

let registry: RecordingRegistry;
let registrar: Registrar;

beforeEach(() => {
  registry = new RecordingRegistry();
  registrar = new Registrar(registry);
});

function ask(operation: Operation, deviceId: string, lease = new RecordingLease(registrar)): RecordingLease {
  if (operation === 'register') registrar.register(claim({ deviceId, t: 1 }), lease);
  if (operation === 'refresh') registrar.refresh(deviceId, lease);
  if (operation === 'unregister') registrar.unregister(claim({ deviceId, t: 1 }), lease);
  if (operation === 'lookup') registrar.lookUp(deviceId, lease);
  return lease;
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => `${from + index}`);

describe.each(operations)('commands to %s', (operation) => {
  it('that are asked for in one turn of the event loop make one batch, in their order', async () => {
    for (const deviceId of ['3', '1']) ask(operation, deviceId);
    await Promise.resolve().then(() => ask(operation, '2'));

    await registrar.settled();

    expect(registry.batches).toEqual([{ operation, deviceIds: ['3', '1', '2'] }]);
  });

  it('are not sent before their turns are over', async () => {
    ask(operation, '1');
    await pass(turnsOf(operation) - 1);
    await Promise.resolve();

    expect(registry.batches).toEqual([]);
    await registrar.settled();
  });

  it('that are asked for in different turns make different batches, also while another is under way', async () => {
    let release = () => {};
    registry.wait = () => new Promise<void>((resolve) => (release = resolve));
    const slow = ask(operation, '1');
    await pass(turnsOf(operation));
    const releaseFirst = release;
    ask(operation, '2');
    await pass(turnsOf(operation));

    expect(registry.batches.map(({ deviceIds }) => deviceIds)).toEqual([['1'], ['2']]);
    expect(slow.answers).toEqual([]);
    for (const each of [releaseFirst, release]) each();
    await registrar.settled();
    expect(slow.answers).toEqual([expectedAnswer(operation, '1')]);
  });

  it.each([
    [256, [256]],
    [257, [256, 1]],
    [1000, [256, 256, 256, 232]],
  ])('make batches of at most 256: %i make %j', async (count, sizes) => {
    const leases = numbers(0, count).map((deviceId) => ask(operation, deviceId));

    await registrar.settled();

    expect(registry.batches.map(({ deviceIds }) => deviceIds.length)).toEqual(sizes);
    expect(registry.batches.flatMap(({ deviceIds }) => deviceIds)).toEqual(numbers(0, count));
    expect(leases.map(({ answers }) => answers)).toEqual(
      numbers(0, count).map((deviceId) => [expectedAnswer(operation, deviceId)]),
    );
  });

  it('send at most 256 at once, and the next 256 without waiting for answers', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    registry.wait = () => released;
    for (const deviceId of numbers(0, 600)) ask(operation, deviceId);

    const sent: number[] = [];
    await pass(turnsOf(operation) - 1);
    for (let batch = 0; batch < 4; batch += 1) {
      await setImmediate();
      sent.push(registry.batches.length);
    }
    release();
    await registrar.settled();

    expect(sent).toEqual([1, 2, 3, 3]);
  });

  it('that come while many are waiting go behind them, and fill up the last batch', async () => {
    for (const deviceId of numbers(0, 300)) ask(operation, deviceId);
    await setImmediate();
    for (const deviceId of numbers(300, 10)) ask(operation, deviceId);

    await registrar.settled();

    expect(registry.batches.map(({ deviceIds }) => deviceIds)).toEqual([numbers(0, 256), numbers(256, 54)]);
  });
});

describe('a claim', () => {
  it('that is asked for while another waits waits for as long', async () => {
    const holder = { isPeerThere: true };
    ask('register', '1');
    await setImmediate();
    ask('register', '2', new RecordingLease(registrar, holder));
    await setImmediate();
    holder.isPeerThere = false;

    await registrar.settled();

    expect(registered()).toEqual(['1']);
  });

  const registered = () => registry.batches.flatMap(({ deviceIds }) => deviceIds);

  it('is dropped if its device has hung up when it would be sent, and the others get the answers to their own', async () => {
    const holder = { isPeerThere: true };
    const hungUp = new RecordingLease(registrar, holder);
    const others = ['1', '2'].map((deviceId) => ask('register', deviceId));
    ask('register', '3', hungUp);
    const last = ask('register', '4');
    await setImmediate();
    holder.isPeerThere = false;

    await registrar.settled();

    expect(registered()).toEqual(['1', '2', '4']);
    expect(hungUp).toMatchObject({ isDropped: true, answers: [] });
    expect([...others, last].map(({ answers }) => answers)).toEqual(
      ['1', '2', '4'].map((deviceId) => [expectedAnswer('register', deviceId)]),
    );
  });

  it('is asked about when its own batch is sent, not with the ones before it', async () => {
    const holder = { isPeerThere: false };
    for (const deviceId of numbers(0, 256)) ask('register', deviceId);
    ask('register', '256', new RecordingLease(registrar, holder));
    await pass(2);
    holder.isPeerThere = true;

    await registrar.settled();

    expect(registered()).toEqual(numbers(0, 257));
  });

  it.each(['refresh', 'unregister', 'lookup'] as const)('alone is: to %s is sent all the same', async (operation) => {
    const lease = ask(operation, '1', new RecordingLease(registrar, { isPeerThere: false }));

    await registrar.settled();

    expect(lease.answers).toEqual([expectedAnswer(operation, '1')]);
  });
});

it('commands of different kinds make different batches', async () => {
  const leases = operations.map((operation) => ask(operation, '1'));

  await registrar.settled();

  expect(registry.batches.map(({ operation }) => operation).sort()).toEqual([...operations].sort());
  expect(leases.map(({ answers }) => answers)).toEqual(operations.map((operation) => [expectedAnswer(operation, '1')]));
});

describe('settled', () => {
  it('resolves at once when nothing was asked for', async () => {
    await registrar.settled();

    expect(registry.batches).toEqual([]);
  });

  it('waits for the commands that were asked for in the same turn', async () => {
    const lease = ask('register', '1');

    await registrar.settled();

    expect(lease.answers).toHaveLength(1);
  });

  it('waits for the slowest of the batches', async () => {
    const releases: (() => void)[] = [];
    registry.wait = () => new Promise<void>((resolve) => releases.push(resolve));
    let isSettled = false;
    ask('refresh', '1');
    await setImmediate();
    ask('refresh', '2');
    ask('lookup', '3');
    const settled = registrar.settled().then(() => (isSettled = true));
    await setImmediate();

    const seen: boolean[] = [];
    for (const release of releases.toReversed()) {
      await setImmediate();
      seen.push(isSettled);
      release();
    }
    await settled;

    expect(seen).toEqual([false, false, false]);
  });

  it('waits also for what the answers ask for, and the answers to that', async () => {
    const lease = new RecordingLease(registrar);
    const next: Operation[] = ['unregister', 'lookup', 'register', 'refresh'];
    lease.onAnswer = () => {
      const operation = next.shift();
      if (operation) ask(operation, '1', lease);
    };
    ask('refresh', '1', lease);

    await registrar.settled();

    expect(lease.answers.map(({ operation }) => operation)).toEqual([
      'refresh',
      'unregister',
      'lookup',
      'register',
      'refresh',
    ]);
  });

  it('waits for what is asked for while it waits', async () => {
    let release = () => {};
    registry.wait = () => new Promise<void>((resolve) => (release = resolve));
    ask('lookup', '1');
    const settled = registrar.settled();
    await setImmediate();
    registry.wait = async () => {};
    const late = ask('register', '2');
    release();

    await settled;

    expect(late.answers).toHaveLength(1);
  });
});

/** In each turn some commands, so many times each. */
const turns = fc.array(
  fc.array(fc.record({ operation: fc.constantFrom(...operations), times: fc.constantFrom(1, 2, 200) }), {
    maxLength: 5,
  }),
  { minLength: 1, maxLength: 6 },
);

it('every lease gets the answer to its own command, whenever commands are asked for and batches answered', async () => {
  const pairsUp = fc.asyncProperty(fc.scheduler(), turns, async (scheduler, chosen) => {
    registry = new RecordingRegistry();
    registrar = new Registrar(registry);
    registry.wait = ({ operation, deviceIds }) =>
      scheduler.schedule(Promise.resolve(), `${deviceIds.length} ${operation}`);
    const asked: { operation: Operation; deviceId: string; lease: RecordingLease }[] = [];

    for (const turn of chosen) {
      for (const { operation, times } of turn) {
        for (const deviceId of numbers(asked.length, times)) {
          asked.push({ operation, deviceId, lease: ask(operation, deviceId) });
        }
      }
      await setImmediate();
      if (scheduler.count() > 1) await scheduler.waitOne();
    }
    await scheduler.waitFor(registrar.settled());

    for (const { operation, deviceId, lease } of asked) {
      expect(lease.answers).toEqual([expectedAnswer(operation, deviceId)]);
    }
    for (const operation of operations) {
      const sent = registry.batches.filter((batch) => batch.operation === operation);
      const commands = asked.filter((command) => command.operation === operation);
      expect(sent.flatMap(({ deviceIds }) => deviceIds)).toEqual(commands.map(({ deviceId }) => deviceId));
      for (const { deviceIds } of sent) expect(deviceIds.length).toBeLessThanOrEqual(256);
    }
  });

  await fc.assert(pairsUp, { numRuns: 100 });
});
