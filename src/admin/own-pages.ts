import type { Context } from 'koa';
import { Problem } from '../http/problem.ts';

/**
 * Whoever looks at the operator page has a browser that reaches this listener, and any other page in it could make it drain the
 * pod. Throws 403 for what such a page asks for: browsers say so in `Sec-Fetch-Site` (W3C Fetch Metadata), or in `Origin`
 * (RFC 6454 §7) where they do not trust the address enough to send that. Anything but a browser sends neither.
 */
export function requireOwnPage({ headers }: Context): void {
  const { origin, host, 'sec-fetch-site': site = 'none' } = headers;
  const isOfOthers = origin !== undefined && hostOf(origin) !== host;
  if (!isOfOthers && (site === 'none' || site === 'same-origin')) return;
  throw new Problem({ code: 'other-origin', detail: 'only pages of this pod may ask for this' });
}

/** Empty for the origin `null`, which is that of nobody. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
