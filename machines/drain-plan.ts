/** How a drain is paced, in numbers. */

/** A closed socket is cut when the peer has not answered the close frame after this long, in ms. */
export const closeTimeoutMs = 2000;

/** How long a device that was asked to leave may take to connect elsewhere before its connection is closed, in ms. */
export const leaveTimeoutMs = 1500;

/**
 * How long a device may take to acknowledge on its old connection what it got there, once it has a newer one, in ms. No longer than
 * it could have stayed to leave, or it would lengthen a drain.
 */
export const settleTimeoutMs = 1000;

/** What the process keeps of the grace period to end by itself, in ms. */
export const exitMarginMs = 2000;

/** What the rest is closed earlier than it would have to be, because timers are late, in ms. */
const restMarginMs = 500;

export interface DrainSettings {
  sweeps: number;
  intervalMs: number;
  minBatch: number;
  pace: 'even' | 'burst';
  deadlineMs: number;
  graceMs: number;
}

export interface DrainPlan extends DrainSettings {
  /** The time that the closes after the last sweep are spread over; 0 in a burst, ms. */
  restMs: number;
  /** The longest a drain lasts when every device answers or is cut: sweeps, then the rest, then the last to leave and to close. */
  longestMs: number;
  /** When the end is forced, counted from the start of the drain: the deadline, or earlier if the grace is shorter. */
  forcedAfterMs: number;
  /** Do the sweeps and the exit margin fit the grace period? */
  fits: boolean;
}

export function planDrain(settings: DrainSettings): DrainPlan {
  const { sweeps, intervalMs, pace, deadlineMs, graceMs } = settings;
  const forcedAfterMs = Math.max(0, Math.min(deadlineMs, graceMs - exitMarginMs));
  const sweepsMs = sweeps * intervalMs;
  const lastMs = leaveTimeoutMs + closeTimeoutMs;
  const spareMs = forcedAfterMs - sweepsMs - lastMs - restMarginMs;
  const restMs = pace === 'even' ? Math.max(intervalMs, Math.min(sweepsMs / 4, spareMs)) : 0;
  const longestMs = sweepsMs + restMs + lastMs;
  return { ...settings, restMs, longestMs, forcedAfterMs, fits: longestMs + exitMarginMs <= graceMs };
}

/** How many connections one sweep may close. `sweepsLeft` counts the sweep itself. */
export function sweepQuota(plan: DrainSettings, remaining: number, sweepsLeft: number): number {
  return plan.pace === 'burst' ? remaining : Math.max(plan.minBatch, Math.ceil(remaining / sweepsLeft));
}
