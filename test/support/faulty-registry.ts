import type { Claim, Entry, PodRecord, Registration, Registry } from '../../src/registry/registry.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';

type Operation = Exclude<keyof Registry, 'close'>;

/** `lost`: never carried out. `unanswered`: carried out, but the caller does not learn of it. */
type Outcome = 'answered' | 'unanswered' | 'lost';

interface Fault {
  gate: Promise<void>;
  outcome: Outcome;
}

/** A registry behind a bad line: what happens to the next call of an operation is up to the test. */
export class FaultyRegistry implements Registry {
  /** Every call so far. */
  readonly calls: Operation[] = [];
  readonly #registry: Registry;
  readonly #faults = new Map<Operation, Fault>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  fail(operation: Operation, outcome: 'unanswered' | 'lost' = 'lost'): void {
    this.#faults.set(operation, { gate: Promise.resolve(), outcome });
  }

  /** The next call waits, not yet carried out, until the returned function is called. */
  hold(operation: Operation, outcome: Outcome = 'answered'): () => void {
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    this.#faults.set(operation, { gate, outcome });
    return release;
  }

  register(claim: Claim, t?: number): Promise<Registration> {
    return this.#call('register', () => this.#registry.register(claim, t));
  }

  refresh(deviceId: string): Promise<Entry | undefined> {
    return this.#call('refresh', () => this.#registry.refresh(deviceId));
  }

  unregister(deviceId: string, entry: Entry): Promise<boolean> {
    return this.#call('unregister', () => this.#registry.unregister(deviceId, entry));
  }

  lookup(deviceId: string): Promise<Entry | undefined> {
    return this.#call('lookup', () => this.#registry.lookup(deviceId));
  }

  writePod(podId: string, record: PodRecord): Promise<void> {
    return this.#call('writePod', () => this.#registry.writePod(podId, record));
  }

  deletePod(podId: string): Promise<void> {
    return this.#call('deletePod', () => this.#registry.deletePod(podId));
  }

  close(): Promise<void> {
    return this.#registry.close();
  }

  async #call<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
    this.calls.push(operation);
    const fault = this.#faults.get(operation);
    this.#faults.delete(operation);
    await fault?.gate;
    if (fault?.outcome === 'lost') throw new RegistryUnavailable(operation, new Error('the call was lost'));
    const answer = await run();
    if (fault?.outcome === 'unanswered') throw new RegistryUnavailable(operation, new Error('the answer was lost'));
    return answer;
  }
}
