/** How a drain is paced, in numbers. */

/** A closed socket is cut when the peer has not answered the close frame after this long, in ms. */
export const closeTimeoutMs = 2000;

/** What the process keeps of the grace period to end by itself, in ms. */
export const exitMarginMs = 2000;

export interface DrainSettings {
  sweeps: number;
  intervalMs: number;
  minBatch: number;
  pace: 'even' | 'burst';
  deadlineMs: number;
  graceMs: number;
}

export interface DrainPlan extends DrainSettings {
  /** The longest a drain lasts when every device answers or is cut: sweeps, then the rest, then the last close. */
  longestMs: number;
  /** When the end is forced, counted from the start of the drain: the deadline, or earlier if the grace is shorter. */
  forcedAfterMs: number;
  /** Do the sweeps and the exit margin fit the grace period? */
  fits: boolean;
}

export function planDrain(settings: DrainSettings): DrainPlan {
  const { sweeps, intervalMs, pace, deadlineMs, graceMs } = settings;
  const restMs = pace === 'even' ? intervalMs : 0;
  const longestMs = sweeps * intervalMs + restMs + closeTimeoutMs;
  return {
    ...settings,
    longestMs,
    forcedAfterMs: Math.max(0, Math.min(deadlineMs, graceMs - exitMarginMs)),
    fits: longestMs + exitMarginMs <= graceMs,
  };
}

/** How many connections one sweep may close. `sweepsLeft` counts the sweep itself. */
export function sweepQuota(plan: DrainSettings, remaining: number, sweepsLeft: number): number {
  return plan.pace === 'burst' ? remaining : Math.max(plan.minBatch, Math.ceil(remaining / sweepsLeft));
}
