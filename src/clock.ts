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

/** A point on `clock` as ISO 8601 UTC. */
export function isoTime(clock: Clock, at: number): string {
  return new Date(Date.now() - (clock.now() - at)).toISOString();
}
