import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';

/** Real time that can leap, as it does for a process that stood still: what came due meanwhile comes after the leap. */
export class LeapingClock implements Clock {
  #leapt = 0;

  now(): number {
    return systemClock.now() + this.#leapt;
  }

  leap(ms: number): void {
    this.#leapt += ms;
  }

  setTimeout(run: () => void, ms: number): unknown {
    return systemClock.setTimeout(run, ms);
  }

  clearTimeout(id: unknown): void {
    systemClock.clearTimeout(id);
  }
}
