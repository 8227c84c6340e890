import type { Delivered, Refused } from './result.ts';

/** What a pod said of one message: the answer to a request, or a line of the answer to a batch. */
export interface Answer {
  status: number;
  code?: string | undefined;
  detail?: string | undefined;
  outcome?: string | undefined;
  traceId?: string | undefined;
  podId?: string | undefined;
  retryAfterMs?: number | undefined;
}

/** What came of one try. */
export type Verdict =
  | { outcome: Delivered['outcome']; traceId: string | undefined; podId: string | undefined }
  | { outcome: 'offline' }
  | { outcome: 'unknown'; code: string; retryAfterMs: number | undefined }
  | Pick<Refused, 'outcome' | 'status' | 'code' | 'detail'>
  | { outcome: 'unavailable'; code: string; retryAfterMs: number | undefined };

/** The pod says so before it touches the socket. Any other error of a server may come from behind one that has. */
const undelivered = new Set(['backpressure', 'registry-unavailable']);

/** What an answer says of the message. */
export function judge({ status, code = `status-${status}`, retryAfterMs, ...answer }: Answer): Verdict {
  if (status === 200) {
    const { traceId, podId } = answer;
    return { outcome: answer.outcome === 'acked' ? 'acked' : 'delivered', traceId, podId };
  }
  if (status === 404 && code === 'not-connected') return { outcome: 'offline' };
  if (status === 409 || status === 429 || undelivered.has(code)) return { outcome: 'unavailable', code, retryAfterMs };
  if (status >= 500) return { outcome: 'unknown', code, retryAfterMs };
  return { outcome: 'refused', status, code, detail: answer.detail ?? '' };
}

/** `Retry-After` (RFC 9110 §10.2.3) in ms: seconds, or a date. Undefined when it is missing or neither. */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
