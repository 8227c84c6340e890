import type { Disconnect } from '../../machines/disconnect.ts';
import type { Clock } from '../base/clock.ts';
import { isoTime } from '../base/clock.ts';
import type { Logger } from '../observe/log.ts';
import { TokenBucket } from '../base/token-bucket.ts';

/** A connection that has ended. */
export interface EndedConnection {
  readonly deviceId: string;
  readonly traceId: string;
  /** On the pod's clock. */
  readonly connectedAt: number;
  bytes(): { received: number; sent: number };
}

/** Most lines per second. A drain of a full pod ends hundreds of connections per second. */
const perSecond = 20;

/**
 * Logs one line for each connection that ends: at most 20 lines per second, or all of them at level debug. After lines were left
 * out, the next line says how many in `leftOut`.
 */
export function createEndLog(log: Logger, clock: Clock): (ended: EndedConnection, disconnect: Disconnect) => void {
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
    const fields = { deviceId, traceId, ...times, code, reason, bytesReceived, bytesSent };
    log.info(leftOut > 0 ? { ...fields, leftOut } : fields, 'connection ended');
    leftOut = 0;
  };
}
