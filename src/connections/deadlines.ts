/** Which of a connection's deadlines has come: plain numbers, no timer. All times are ms on the pod's clock. */

export interface Deadlines {
  /** When it had data last. */
  lastDataAt: number;
  /** When anything was heard of the device last, pongs included. */
  lastSeenAt: number;
  pingAt: number;
  refreshAt: number;
  /** When the token the device connected with expires; Infinity without one. */
  tokenExpiresAt: number;
  /** When a device that is behind with reading has been so for too long; Infinity while it is not. */
  slowAt: number;
  /** When the device has to have left, or answered a close; Infinity until it is asked for that. */
  overdueAt: number;
}

/** How long a device may leave half of MAX_BUFFERED_BYTES or more unread after a callback was refused for it, ms. */
export const slowReaderMs = 10_000;

/** By how much a look may come too late, ms: after more it was the pod that stood still, and the slow device has its time anew. */
export const lateLookMs = 1000;

export interface DeadlineSettings {
  idleAfterMs: number;
  pongTimeoutMs: number;
}

/** The earliest deadline. Only a connection that is active can become idle. */
export function nextDeadline(at: Deadlines, active: boolean, { idleAfterMs, pongTimeoutMs }: DeadlineSettings): number {
  const idleAt = active ? at.lastDataAt + idleAfterMs : Infinity;
  const { pingAt, refreshAt, tokenExpiresAt, slowAt, overdueAt } = at;
  return Math.min(idleAt, at.lastSeenAt + pongTimeoutMs, pingAt, refreshAt, tokenExpiresAt, slowAt, overdueAt);
}

/** What each of them is for, and when it comes; those that do not come are left out. The earliest first. */
export function namedDeadlines(at: Deadlines, active: boolean, { idleAfterMs, pongTimeoutMs }: DeadlineSettings) {
  const named = {
    idle: active ? at.lastDataAt + idleAfterMs : Infinity,
    silent: at.lastSeenAt + pongTimeoutMs,
    ping: at.pingAt,
    refresh: at.refreshAt,
    'token expires': at.tokenExpiresAt,
    'too slow': at.slowAt,
    overdue: at.overdueAt,
  };
  const coming = Object.entries(named).filter(([, time]) => time < Infinity);
  return coming.sort(([, a], [, b]) => a - b).map(([what, time]) => ({ what, time }));
}

/** The first turn after `now` of what comes round every `periodMs`. Turns missed while the process was frozen are left out. */
export function nextTurn(at: number, periodMs: number, now: number): number {
  return at + (Math.floor((now - at) / periodMs) + 1) * periodMs;
}

/**
 * Hands out the first refresh of each new connection so that refreshes spread evenly over the period, however
 * bunched the connects were: the phases of `slots` connects in a row divide the period evenly.
 */
export function createRefreshSpread(periodMs: number, slots = 200): (now: number) => number {
  let slot = 0;
  return (now) => {
    slot = (slot + 1) % slots;
    const phase = (slot / slots) * periodMs;
    return now + ((((phase - now) % periodMs) + periodMs) % periodMs);
  };
}
