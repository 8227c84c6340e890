/** The pace of a drain, in numbers. All times are milliseconds. */

/** The pod cuts a socket if the device has not answered the close frame after this time, ms. */
export const closeTimeoutMs = 2000;

/** How long a device that was asked to leave has time to connect to another pod before the pod closes its connection, ms. */
export const leaveTimeoutMs = 1500;

/**
 * How long a device with a newer connection has time to acknowledge messages on its old connection, ms. It is not longer than
 * `leaveTimeoutMs`, because it would make a drain longer.
 */
export const settleTimeoutMs = 1000;

/** The part of the grace period that is reserved for the exit of the process, ms. */
export const exitMarginMs = 2000;

/** The pod closes the rest earlier than needed by this time, because timers are late, ms. */
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
  /** The pod spreads the closes after the last sweep over this time, ms. 0 with the pace `burst`. */
  restMs: number;
  /** Longest duration of a drain, ms: the sweeps, the rest, and then the time for the last device to leave and to close. */
  longestMs: number;
  /** Time from the start of the drain to its end by force, ms: the deadline, or less if the grace period is shorter. */
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

/** How many connections a sweep is allowed to close. `sweepsLeft` includes this sweep. */
export function sweepQuota(plan: DrainSettings, remaining: number, sweepsLeft: number): number {
  return plan.pace === 'burst' ? remaining : Math.max(plan.minBatch, Math.ceil(remaining / sweepsLeft));
}
