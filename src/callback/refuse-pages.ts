import type { Context, Next } from 'koa';
import { discardBody } from '../http/body.ts';
import { isFromPage } from '../http/browser-pages.ts';
import { Problem } from '../http/problem.ts';

/**
 * Refuses requests of web pages on every path. This port serves no pages. Without tokens, any web page in a browser that reaches the pods
 * could send callbacks to devices. Calls `onRefused` with the path and the code of the problem.
 */
export function refusePages(onRefused: (path: string, code: string) => void) {
  const refuse = async ({ req, path }: Context): Promise<never> => {
    const problem = new Problem({
      code: 'other-origin',
      detail:
        'web pages in browsers are not allowed to use this port. Other clients must not send Origin and Sec-Fetch-Site',
    });
    onRefused(path, problem.code);
    await discardBody(req);
    throw problem;
  };
  // every callback passes here, so it creates no promise
  return (ctx: Context, next: Next): Promise<void> =>
    isFromPage(ctx.req.method, ctx.req.headers) ? refuse(ctx) : next();
}
