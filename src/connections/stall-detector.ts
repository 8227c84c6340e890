import type { Clock } from '../base/clock.ts';

/** Notices that the process stalled: it was stopped by a signal, got no CPU, or was paused together with its machine. */
export class StallDetector {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onStall: (stalledMs: number) => void;
  #checkedAt: number;

  /** `onStall` is called within `check`, once for each time in which the process stalled for more than `limitMs`. */
  constructor(clock: Clock, limitMs: number, onStall: (stalledMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onStall = onStall;
    this.#checkedAt = clock.now();
  }

  /** Call it many times a second, and before anything is believed that was known earlier. */
  check(): void {
    const now = this.#clock.now();
    const stalledMs = now - this.#checkedAt;
    this.#checkedAt = now;
    if (stalledMs > this.#limitMs) this.#onStall(stalledMs);
  }
}
