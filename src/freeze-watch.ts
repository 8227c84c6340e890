import type { Clock } from './clock.ts';

/** Notices that the process stood still: stopped by a signal, starved of CPU, or paused with its whole machine. */
export class FreezeWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #thawed: (frozenMs: number) => void;
  #seenAt: number;

  /** `thawed` is called before anything else goes on, once for each time the process stood still for more than `limitMs`. */
  constructor(clock: Clock, limitMs: number, thawed: (frozenMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#thawed = thawed;
    this.#seenAt = clock.now();
  }

  /** To be called many times a second, and first of all by whatever trusts what was known before. */
  check(): void {
    const now = this.#clock.now();
    const frozenMs = now - this.#seenAt;
    this.#seenAt = now;
    if (frozenMs > this.#limitMs) this.#thawed(frozenMs);
  }
}
