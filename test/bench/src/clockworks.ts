/**
 * Three ways to keep the next deadline of every connection. Each is a clockwork: whoever is due gets a look in the next round.
 *
 *   wheel   the product's own
 *   scan    a number on every entry: a round asks them all
 *   table   the same numbers side by side in one array: a round reads through it and touches nobody who is not due
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../dist/src/base/clock.js';
import { repeat } from '../../../dist/src/base/clock.js';
import type { Timed } from '../../../dist/src/base/clockwork.js';
import { Clockwork as Wheel } from '../../../dist/src/base/clockwork.js';

/** How long one slice of a round may hold the event loop, ms, and after how many steps it checks. */
const sliceMs = 5;
const stepsBetweenChecks = 64;

/** Cuts a round into slices: `if (slices.isOver()) await slices.next()` after every step. */
class Slices {
  /** The time as of the last check, ms on the pod's clock. */
  now: number;
  readonly #clock: Clock;
  #endsAt: number;
  #steps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now = clock.now();
    this.#endsAt = this.now + sliceMs;
  }

  isOver(): boolean {
    this.#steps += 1;
    if (this.#steps % stepsBetweenChecks !== 0) return false;
    this.now = this.#clock.now();
    return this.now >= this.#endsAt;
  }

  /** Lets the event loop go on in between. */
  async next(): Promise<void> {
    await setImmediate();
    this.now = this.#clock.now();
    this.#endsAt = this.now + sliceMs;
  }
}

/** What a clockwork looks after. */
export abstract class Entry implements Timed {
  /** The scan's: nothing is due before this time on the pod's clock, ms. */
  nextLookAt = Infinity;
  /** The table's: of its number. */
  index = 0;
  /** The wheel's. */
  dueTick = Infinity;

  /** Acts on what is due and returns the next time to look. */
  abstract onDue(now: number): number;
}

export interface Clockwork {
  /** Takes a new entry in, to be looked at in the next round. */
  add(entry: Entry): void;
  /** Replaces the time of the next look. */
  arm(entry: Entry, at: number): void;
  /** Begins the rounds. Returns what ends them. */
  start(clock: Clock, tickMs: number): () => void;
}

/** The product's, which ticks every 50 ms. */
export class ProductWheel implements Clockwork {
  readonly #wheel: Wheel;

  constructor(clock: Clock) {
    this.#wheel = new Wheel(clock);
  }

  add(entry: Entry): void {
    this.#wheel.arm(entry, 0);
  }

  arm(entry: Entry, at: number): void {
    this.#wheel.disarm(entry);
    this.#wheel.arm(entry, at);
  }

  start(): () => void {
    this.#wheel.start();
    return () => this.#wheel.stop();
  }
}

export class Scan implements Clockwork {
  readonly #all = new Set<Entry>();

  add(entry: Entry): void {
    entry.nextLookAt = 0;
    this.#all.add(entry);
  }

  arm(entry: Entry, at: number): void {
    entry.nextLookAt = at;
  }

  start(clock: Clock, tickMs: number): () => void {
    return repeat(
      clock,
      () => tickMs,
      () => this.#round(clock),
    );
  }

  async #round(clock: Clock): Promise<void> {
    const slices = new Slices(clock);
    for (const entry of this.#all) {
      if (entry.nextLookAt <= slices.now) {
        entry.nextLookAt = Infinity; // what happens during the look may ask for another
        entry.nextLookAt = Math.min(entry.onDue(slices.now), entry.nextLookAt);
      }
      if (slices.isOver()) await slices.next();
    }
  }
}

export class Table implements Clockwork {
  readonly #nextLookAt: Float64Array;
  readonly #entries: Entry[] = [];

  constructor(size: number) {
    this.#nextLookAt = new Float64Array(size);
  }

  add(entry: Entry): void {
    entry.index = this.#entries.push(entry) - 1;
  }

  arm({ index }: Entry, at: number): void {
    this.#nextLookAt[index] = at;
  }

  start(clock: Clock, tickMs: number): () => void {
    return repeat(
      clock,
      () => tickMs,
      () => this.#round(clock),
    );
  }

  async #round(clock: Clock): Promise<void> {
    const slices = new Slices(clock);
    for (let index = this.#nextDue(0, slices.now); index < this.#entries.length;) {
      this.#nextLookAt[index] = Infinity;
      this.#nextLookAt[index] = Math.min(this.#entries[index]!.onDue(slices.now), this.#nextLookAt[index]!);
      if (slices.isOver()) await slices.next();
      index = this.#nextDue(index + 1, slices.now);
    }
  }

  /** The first from `index` on that is due, or their number. Reads a million in about a millisecond, so it is not sliced. */
  #nextDue(index: number, now: number): number {
    const at = this.#nextLookAt;
    let next = index;
    while (next < at.length && at[next]! > now) next += 1;
    return next;
  }
}
