/**
 * What a page in somebody's browser may ask of a pod. Browsers say where a request comes from in `Sec-Fetch-Site` (W3C Fetch Metadata),
 * or in `Origin` (RFC 6454 §7) where they do not trust the address enough to send that; but of a picture, or an address that was
 * typed, they say neither then. Anything but a browser says neither, and does not call itself Mozilla.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from 'koa';
import { Problem } from './problem.ts';

/**
 * Whoever looks at the operator page has a browser that reaches the admin listener, and any other page in it could make it drain the
 * pod. Throws 403 for what such a page asks for.
 */
export function requireOwnPage({ headers }: Context): void {
  const { origin, host, 'sec-fetch-site': site } = headers;
  const isOfOthers = origin !== undefined && hostOf(origin) !== host;
  const isFromOthers = site !== undefined && site !== 'none' && site !== 'same-origin';
  if (!isOfOthers && !isFromOthers && !isSilentBrowser(headers)) return;
  throw new Problem({ code: 'other-origin', detail: 'only web pages of this pod are allowed to send this request' });
}

/**
 * Does a page ask for this? An address that somebody has typed is no page. A browser sends an `Origin` with everything but GET and HEAD
 * (W3C Fetch), so that one that says nothing is looked for among these alone: PowerShell calls itself Mozilla, too, when it posts.
 */
export function isFromPage(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined) return true;
  if (site !== undefined) return site !== 'none';
  return (method === 'GET' || method === 'HEAD') && isSilentBrowser(headers);
}

function isSilentBrowser({ origin, 'sec-fetch-site': site, 'user-agent': agent = '' }: IncomingHttpHeaders): boolean {
  return origin === undefined && site === undefined && agent.startsWith('Mozilla/');
}

/** Empty for the origin `null`, which is that of nobody. */
function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}
