/**
 * Is imported into the pod's process, by `--import`, and tells the parent how late timers of that process are. It does not ask the
 * program, so that it measures every version of it in the same way. While the process stands still nothing is told.
 */
import type { LagReport } from './lag.ts';
import { reportEveryMs } from './lag.ts';

const tickMs = 5;
let last = performance.now();
let reportedAt = last;
let worstLagMs = 0;

setInterval(() => {
  const now = performance.now();
  worstLagMs = Math.max(worstLagMs, now - last - tickMs);
  last = now;
  if (now - reportedAt < reportEveryMs) return;
  process.send?.({ worstLagMs } satisfies LagReport, undefined, undefined, () => {});
  reportedAt = now;
  worstLagMs = 0;
}, tickMs).unref();
process.channel?.unref();
