import type { Context, Next } from 'koa';
import { discardBody } from '../http/body.ts';
import { isFromPage } from '../http/browser-pages.ts';
import { Problem } from '../http/problem.ts';

/**
 * Refuses what a page in a browser asks for, whatever the path: no page lives on this listener, and where it asks for no token any
 * page that somebody near the pods opens could push to devices. `onRefused` hears of it.
 */
export function refusePages(onRefused: (path: string, code: string) => void) {
  const refuse = async ({ req, path }: Context): Promise<never> => {
    const problem = new Problem({
      code: 'other-origin',
      detail: 'web pages in browsers are not allowed to use this port. Other clients must not send Origin and Sec-Fetch-Site',
    });
    onRefused(path, problem.code);
    await discardBody(req);
    throw problem;
  };
  // every callback passes here: it adds no promise of its own
  return (ctx: Context, next: Next): Promise<void> =>
    isFromPage(ctx.req.method, ctx.req.headers) ? refuse(ctx) : next();
}
