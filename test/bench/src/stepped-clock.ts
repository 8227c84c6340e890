import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../dist/src/base/clock.js';

/** Pod time, ms: moves by steps, and within a step as fast as real time does. */
export class SteppedClock implements Clock {
  #steppedTo = 0;
  #steppedAt = performance.now();
  #waiting: (() => void) | undefined;

  now(): number {
    return this.#steppedTo + performance.now() - this.#steppedAt;
  }

  setTimeout(run: () => void): void {
    this.#waiting = run;
  }

  clearTimeout(): void {
    this.#waiting = undefined;
  }

  /** Moves the time and lets what waits for it run until it waits again. Returns the longest it held the event loop, ms. */
  async step(ms: number): Promise<number> {
    this.#steppedTo += ms;
    this.#steppedAt = performance.now();
    let turnedAt = this.#steppedAt;
    let longestMs = 0;
    const turned = () => {
      const now = performance.now();
      longestMs = Math.max(longestMs, now - turnedAt);
      turnedAt = now;
    };
    const run = this.#waiting!;
    this.#waiting = undefined;
    run();
    turned();
    while (!this.#waiting) {
      await setImmediate();
      turned();
    }
    return longestMs;
  }
}
