import type { Disconnect } from '../../machines/disconnect.ts';
import type { Clock } from '../clock.ts';
import { isoTime } from '../clock.ts';
import type { Logger } from '../log.ts';
import { TokenBucket } from '../token-bucket.ts';

/** A connection whose life is over. */
export interface Ended {
  readonly deviceId: string;
  readonly traceId: string;
  /** On the pod's clock. */
  readonly connectedAt: number;
  bytes(): { received: number; sent: number };
}

/** Lines a second: a drain of a full pod ends hundreds of lives in one. */
const perSecond = 20;

/** Writes one line for each life, and no more than 20 a second unless debug lines are wanted; a line says how many were left out before it. */
export function createLifeLog(log: Logger, clock: Clock): (ended: Ended, disconnect: Disconnect) => void {
  const isUnsampled = log.isLevelEnabled('debug');
  const turns = new TokenBucket(perSecond, clock.now());
  let leftOut = 0;
  return (ended, { code, reason }) => {
    const now = clock.now();
    if (!isUnsampled && !turns.take(now)) {
      leftOut += 1;
      return;
    }
    const { deviceId, traceId, connectedAt } = ended;
    const { received: bytesReceived, sent: bytesSent } = ended.bytes();
    const times = { openedAt: isoTime(clock, connectedAt), durationMs: Math.round(now - connectedAt) };
    const life = { deviceId, traceId, ...times, code, reason, bytesReceived, bytesSent };
    log.info(leftOut > 0 ? { ...life, leftOut } : life, 'connection ended');
    leftOut = 0;
  };
}
