/** Time and timers. xstate's `SimulatedClock` is one too, so tests step the whole pod by hand. */
export interface Clock {
  /** Milliseconds from a fixed point; never goes back. */
  now(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout),
};

/** Runs `run` again and again, each `delayMs()` after the last is over. Returns what ends it. */
export function repeat(clock: Clock, delayMs: () => number, run: () => Promise<void>): () => void {
  let timer: unknown;
  let ended = false;
  const schedule = () => {
    timer = clock.setTimeout(async () => {
      await run();
      if (!ended) schedule();
    }, delayMs());
  };
  schedule();
  return () => {
    ended = true;
    clock.clearTimeout(timer);
  };
}

/** How far the machine's time may be from what it was expected to be before it counts as set anew, ms. Reading two clocks takes less. */
const setAnewMs = 1000;

/** What to add to a time of each clock to get the machine's time, ms. */
const offsets = new WeakMap<Clock, number>();

/**
 * A point on `clock` as ISO 8601 UTC, the same whenever it is asked for. Only when somebody has set the machine's time, such as NTP
 * after the machine was paused, do all points follow: those of a pod that lives for weeks shall fit the `time` of its log.
 */
export function isoTime(clock: Clock, at: number): string {
  const present = Date.now() - clock.now();
  let offset = offsets.get(clock);
  if (offset === undefined || Math.abs(present - offset) >= setAnewMs) {
    offset = present;
    offsets.set(clock, offset);
  }
  return new Date(at + offset).toISOString();
}
