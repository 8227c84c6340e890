import { setImmediate } from 'node:timers/promises';
import { SimulatedClock } from 'xstate';

/** How often the event loop turns after each step: as often as the longest chain of answers within a pod needs. */
const turns = 4;

/** A clock that stands still until it is told to go on. */
export class SteppedClock extends SimulatedClock {
  /**
   * Lets this many ms pass, in steps, and after each of them whatever is under way in this process. xstate's own `increment` goes
   * all the way at once: of timers that set the next one each, it fires but the first.
   */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.increment(Math.min(left, stepMs));
      await this.settle();
    }
  }

  /** Lets whatever is under way in this process go on, without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
  }
}
