/** The deadlines of a connection, as plain numbers without timers. All times are ms on the pod's clock. */

export interface Deadlines {
  /** Time of the last application data. */
  lastDataAt: number;
  /** Time of the last sign of the device, pongs included. */
  lastSeenAt: number;
  pingAt: number;
  refreshAt: number;
  /** When the token of the connection expires. Infinity without a token. */
  tokenExpiresAt: number;
  /** When a device that reads too slowly is disconnected. Infinity while it reads fast enough. */
  slowAt: number;
  /** When the device must have left or answered a close. Infinity until the pod asks for that. */
  overdueAt: number;
}

/** How long half of MAX_BUFFERED_BYTES or more can stay unread after a callback was refused because of it, ms. */
export const slowReaderMs = 10_000;

/** If a check is later than this, the pod was stalled, ms. Then a slow device gets its full time again. */
export const lateLookMs = 1000;

export interface DeadlineSettings {
  idleAfterMs: number;
  pongTimeoutMs: number;
}

/** The earliest deadline. Only an active connection has the deadline for idle. */
export function nextDeadline(at: Deadlines, active: boolean, { idleAfterMs, pongTimeoutMs }: DeadlineSettings): number {
  const idleAt = active ? at.lastDataAt + idleAfterMs : Infinity;
  const { pingAt, refreshAt, tokenExpiresAt, slowAt, overdueAt } = at;
  return Math.min(idleAt, at.lastSeenAt + pongTimeoutMs, pingAt, refreshAt, tokenExpiresAt, slowAt, overdueAt);
}

/** The coming deadlines with their names, the earliest first. */
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

/** The first time after `now` of something that repeats every `periodMs`. Times that were missed during a stall are skipped. */
export function nextTurn(at: number, periodMs: number, now: number): number {
  return at + (Math.floor((now - at) / periodMs) + 1) * periodMs;
}

/**
 * Chooses the time of the first refresh of each new connection. The refreshes are spread evenly over the period, also if many devices
 * connect at once: `slots` consecutive connects divide the period evenly.
 */
export function createRefreshSpread(periodMs: number, slots = 200): (now: number) => number {
  let slot = 0;
  return (now) => {
    slot = (slot + 1) % slots;
    const phase = (slot / slots) * periodMs;
    return now + ((((phase - now) % periodMs) + periodMs) % periodMs);
  };
}
