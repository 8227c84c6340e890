import { setImmediate } from 'node:timers/promises';
import type { SimulatedClock } from 'xstate';

/** Lets the time of the clock pass in steps, and after each all that is under way in this process. */
export async function pass(clock: SimulatedClock, ms: number, stepMs = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.increment(stepMs);
    for (let turns = 0; turns < 4; turns += 1) await setImmediate();
  }
}
