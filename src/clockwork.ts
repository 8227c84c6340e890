import type { Clock } from './clock.ts';
import { repeat } from './clock.ts';

/** What the clockwork looks after. */
export interface Timed {
  /** Nothing is due before this time on the pod's clock, ms. */
  nextLookAt: number;
  /** Acts on what is due and returns the next time to look. */
  look(now: number): number;
}

/** How exact deadlines are, ms. */
const tickMs = 50;
/** How long one slice of a round may hold the event loop, ms, and after how many looks it checks. */
const sliceMs = 5;
const looksBetweenChecks = 64;

/** One clockwork for all deadlines of all connections: a look at one number each, no timer per connection. Returns what ends it. */
export function startClockwork(clock: Clock, timed: () => Iterable<Timed>): () => void {
  return repeat(
    clock,
    () => tickMs,
    async () => {
      let now = clock.now();
      let sliceEndsAt = now + sliceMs;
      let looks = 0;
      for (const one of timed()) {
        if (one.nextLookAt <= now) {
          one.nextLookAt = Infinity; // what happens during the look may ask for another
          one.nextLookAt = Math.min(one.look(now), one.nextLookAt);
        }
        looks += 1;
        if (looks % looksBetweenChecks !== 0) continue;
        now = clock.now();
        if (now < sliceEndsAt) continue;
        await new Promise(setImmediate);
        now = clock.now();
        sliceEndsAt = now + sliceMs;
      }
    },
  );
}
