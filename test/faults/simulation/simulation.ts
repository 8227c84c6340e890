import type { Fact } from '../history.ts';
import { Random } from '../random.ts';

/** A fact without its time. */
type Untimed<F> = F extends unknown ? Omit<F, 'at'> : never;

/** Any point: the wall clock of simulated histories begins here. */
const epoch = Date.parse('2026-01-01T00:00:00Z');

/** Simulated time, simulated chance, and the history that comes of it. The same seed gives the same history. */
export class Simulation {
  readonly facts: Fact[] = [];
  now = epoch;
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  record(fact: Untimed<Fact>): void {
    this.facts.push({ ...fact, at: this.now });
  }

  after(ms: number, run: () => void): void {
    const queue = this.#queue;
    const event = { at: this.now + ms, order: (this.#order += 1), run };
    let place = queue.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!isBefore(event, queue[parent]!)) break;
      queue[place] = queue[parent]!;
      place = parent;
    }
    queue[place] = event;
  }

  /** Runs everything that happens within this time. */
  run(ms: number): void {
    const until = this.now + ms;
    while (this.#queue[0] && this.#queue[0].at <= until) {
      const { at, run } = this.#next();
      this.now = at;
      run();
    }
    this.now = until;
  }

  /** How long something takes on its way to another process, ms. */
  latency(): number {
    return this.random.between(0.1, 3);
  }

  /** Takes the earliest event out of the heap. */
  #next() {
    const queue = this.#queue;
    const first = queue[0]!;
    const last = queue.pop()!;
    if (queue.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isBefore(queue[child + 1]!, queue[child]!)) child += 1;
      if (!isBefore(queue[child]!, last)) break;
      queue[place] = queue[child]!;
      place = child;
    }
    queue[place] = last;
    return first;
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
