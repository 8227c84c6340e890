import { Problem } from '../http/problem.ts';

/**
 * `If-Match` (RFC 9110 §13.1.1): the caller means one certain connection of the device. Throws 412 when it is another.
 * `etag` is the traceId.
 */
export function requireMatch(ifMatch: string | undefined, traceId: string): void {
  if (!ifMatch) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(`"${traceId}"`)) return;
  throw new Problem({ code: 'other-connection', detail: 'the device is here with another connection' });
}
