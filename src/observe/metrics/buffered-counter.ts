import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';

export interface TallyOptions {
  name: string;
  help: string;
  /** The one label it counts by. */
  label: string;
  registers: Registry[];
}

/**
 * A counter that keeps what happened since the last scrape in a map: prom-client makes a string of the labels at each `inc`, which
 * takes microseconds.
 */
export class BufferedCounter {
  readonly #label: string;
  readonly #counter: Counter;
  #counts = new Map<string, number>();

  constructor({ name, help, label, registers }: TallyOptions) {
    this.#label = label;
    this.#counter = new Counter({ name, help, labelNames: [label], registers, collect: () => this.#hand() });
  }

  add(value: string): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** Since the start, by value. */
  async read(): Promise<[string, number][]> {
    const { values } = await this.#counter.get();
    return values.map(({ labels, value }) => [String(labels[this.#label]), value]);
  }

  #hand(): void {
    for (const [value, count] of this.#counts) this.#counter.inc({ [this.#label]: value }, count);
    this.#counts.clear();
  }
}
