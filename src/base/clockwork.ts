import type { Clock } from './clock.ts';
import { repeat } from './clock.ts';

/** What the clockwork looks after. */
export interface Timed {
  /** The tick of the look it waits for, Infinity for none. The clockwork's own. */
  dueTick: number;
  /** Acts on what is due at `now`, ms on the pod's clock, and returns when to look again; Infinity for never. */
  onDue(now: number): number;
}

/** How exact deadlines are, ms. */
const tickMs = 50;
/** How long one slice of a round may hold the event loop, ms, and after how many looks it checks. */
const sliceMs = 5;
const looksBetweenChecks = 64;

/**
 * One clockwork for all deadlines of all connections: a timing wheel (Varghese and Lauck 1987) of one slot a tick. Whoever
 * waits is in one slot, so a round costs what is due and not what waits, and no connection has a timer of its own.
 */
export class Clockwork {
  readonly #clock: Clock;
  readonly #beforeRound: () => void;
  readonly #slots: Set<Timed>[];
  /** The last tick whose round has begun. */
  #tick: number;
  #end: () => void = () => {};

  /** `beforeRound` is called at every tick. `slots` ticks are one turn of the wheel; what is due later stays in its slot for another. */
  constructor(clock: Clock, beforeRound: () => void = () => {}, slots = 1024) {
    this.#clock = clock;
    this.#beforeRound = beforeRound;
    this.#slots = Array.from({ length: slots }, () => new Set());
    this.#tick = Math.floor(clock.now() / tickMs);
  }

  start(): void {
    this.#end = repeat(
      this.#clock,
      () => tickMs,
      () => this.#round(),
    );
  }

  stop(): void {
    this.#end();
  }

  /** Looks at `one` as soon as the time is `at`, ms, unless an earlier look is coming anyway. */
  arm(one: Timed, at: number): void {
    const tick = Math.max(Math.ceil(at / tickMs), this.#tick + 1);
    if (tick >= one.dueTick) return;
    this.disarm(one);
    one.dueTick = tick;
    this.#slotOf(tick).add(one);
  }

  /** Looks at `one` no more. */
  disarm(one: Timed): void {
    if (one.dueTick === Infinity) return;
    this.#slotOf(one.dueTick).delete(one);
    one.dueTick = Infinity;
  }

  /** Takes every slot that has come up since the last round; after a long freeze each slot once. */
  async #round(): Promise<void> {
    this.#beforeRound();
    const slice = new Slice(this.#clock);
    const present = Math.floor(slice.now / tickMs);
    this.#tick = Math.max(this.#tick, present - this.#slots.length);
    while (this.#tick < present) {
      this.#tick += 1;
      for (const one of this.#slotOf(this.#tick)) {
        if (one.dueTick > this.#tick) continue;
        this.disarm(one);
        this.arm(one, one.onDue(slice.now));
        if (slice.isOver()) await slice.next();
      }
    }
  }

  #slotOf(tick: number): Set<Timed> {
    return this.#slots[tick % this.#slots.length]!;
  }
}

/** A piece of a round, short enough that nobody waits for the event loop. */
class Slice {
  now: number;
  readonly #clock: Clock;
  #endsAt: number;
  #looks = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now = clock.now();
    this.#endsAt = this.now + sliceMs;
  }

  isOver(): boolean {
    this.#looks += 1;
    if (this.#looks % looksBetweenChecks !== 0) return false;
    this.now = this.#clock.now();
    return this.now >= this.#endsAt;
  }

  async next(): Promise<void> {
    await new Promise(setImmediate);
    this.now = this.#clock.now();
    this.#endsAt = this.now + sliceMs;
  }
}
