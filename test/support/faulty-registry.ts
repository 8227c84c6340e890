import type {
  CheckedRegistry,
  Claim,
  Entry,
  Hold,
  KnownPod,
  PodRecord,
  Registration,
  Registry,
  RegistryFacts,
  Reply,
} from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';

type Operation = Exclude<keyof CheckedRegistry, 'close'>;

/** `lost`: never carried out. `refused`: nor this one, and the registry says so. `unanswered`: carried out, but the caller does not learn of it. */
type Outcome = 'answered' | 'unanswered' | 'lost' | 'refused';

interface Fault {
  gate: Promise<void>;
  outcome: Outcome;
}

/** A registry behind a bad line: what happens to the next command of an operation is up to the test. */
export class FaultyRegistry implements CheckedRegistry {
  /** Every command so far, those of a batch one by one. */
  readonly calls: Operation[] = [];
  /** What becomes of every command that the test says nothing else about. */
  usually: Outcome = 'answered';
  /** What `check` rejects with, if anything. */
  refusal: RegistryUnavailable | undefined;
  facts: RegistryFacts = { evictionPolicy: 'noeviction' };
  /** The pod's record finds no room. */
  isFull = false;
  readonly #registry: Registry;
  readonly #faults = new Map<Operation, Fault>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  fail(operation: Operation, outcome: Exclude<Outcome, 'answered'> = 'lost'): void {
    this.#faults.set(operation, { gate: Promise.resolve(), outcome });
  }

  /** The next command waits, not yet carried out, until the returned function is called; and with it the answer to its batch. */
  hold(operation: Operation, outcome: Outcome = 'answered'): () => void {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    this.#faults.set(operation, { gate, outcome });
    return release;
  }

  register(claims: readonly Claim[]): Promise<Reply<Registration>[]> {
    return this.#batch('register', claims, (claim) => this.#registry.register([claim]));
  }

  refresh(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]> {
    return this.#batch('refresh', deviceIds, (deviceId) => this.#registry.refresh([deviceId]));
  }

  unregister(holds: readonly Hold[]): Promise<Reply<boolean>[]> {
    return this.#batch('unregister', holds, (hold) => this.#registry.unregister([hold]));
  }

  lookup(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]> {
    return this.#batch('lookup', deviceIds, (deviceId) => this.#registry.lookup([deviceId]));
  }

  time(): Promise<number> {
    return this.#registry.time();
  }

  grantCloses(count: number, perSecond: number): Promise<number> {
    return this.#call('grantCloses', () => this.#registry.grantCloses(count, perSecond));
  }

  async check(): Promise<RegistryFacts> {
    if (this.refusal) throw this.refusal;
    return this.facts;
  }

  async writePod(podId: string, record: PodRecord): Promise<void> {
    if (this.isFull) throw new RegistryUnavailable('write-pod', new Error('OOM'), 'refused', true);
    return this.#call('writePod', () => this.#registry.writePod(podId, record));
  }

  deletePod(podId: string): Promise<void> {
    return this.#call('deletePod', () => this.#registry.deletePod(podId));
  }

  pods(): Promise<KnownPod[]> {
    return this.#call('pods', () => this.#registry.pods());
  }

  close(): Promise<void> {
    return this.#registry.close();
  }

  async #batch<TCommand, TAnswer>(
    operation: Operation,
    commands: readonly TCommand[],
    run: (command: TCommand) => Promise<Reply<TAnswer>[]>,
  ): Promise<Reply<TAnswer>[]> {
    const replies = commands.map((command) =>
      this.#call(operation, () => run(command)).catch((error: RegistryUnavailable) => [error]),
    );
    return (await Promise.all(replies)).flat(1);
  }

  async #call<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    this.calls.push(operation);
    const fault = this.#faults.get(operation);
    this.#faults.delete(operation);
    const outcome = fault?.outcome ?? this.usually;
    await fault?.gate;
    if (outcome === 'lost') throw new RegistryUnavailable(operation, new Error('the command was lost'));
    if (outcome === 'refused') throw new RegistryUnavailable(operation, new Error('NOPERM'), 'refused');
    const answer = await run();
    if (outcome === 'unanswered') {
      throw new RegistryUnavailable(operation, new Error('the answer was lost'), 'unknown');
    }
    return answer;
  }
}
