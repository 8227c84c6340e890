import type { Context } from 'koa';
import { Problem } from '../http/problem.ts';

/**
 * Whoever looks at the operator page has a browser that reaches this listener, and any other page in it could make it drain the
 * pod. Throws 403 for what such a page asks for. Browsers say where a request comes from in `Sec-Fetch-Site` (W3C Fetch Metadata),
 * or in `Origin` (RFC 6454 §7) where they do not trust the address enough to send that; but of a picture, or an address that was
 * typed, they say neither then. Anything but a browser says neither, and does not call itself Mozilla.
 */
export function requireOwnPage({ headers }: Context): void {
  const { origin, host, 'sec-fetch-site': site, 'user-agent': agent = '' } = headers;
  const isOfOthers = origin !== undefined && hostOf(origin) !== host;
  const isFromOthers = site !== undefined && site !== 'none' && site !== 'same-origin';
  const isSilentBrowser = origin === undefined && site === undefined && agent.startsWith('Mozilla/');
  if (!isOfOthers && !isFromOthers && !isSilentBrowser) return;
  throw new Problem({ code: 'other-origin', detail: 'of browsers, only pages of this pod may ask for this' });
}

/** Empty for the origin `null`, which is that of nobody. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
