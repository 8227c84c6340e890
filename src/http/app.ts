import { createServer } from 'node:http';
import type { Server, ServerOptions } from 'node:http';
import Koa from 'koa';
import type { Context, Middleware, Next } from 'koa';
import Router from '@koa/router';
import type { Logger } from '../log.ts';
import { createGracefulClose } from './graceful-close.ts';
import type { LongRequests } from './long-requests.ts';
import { answerMalformed } from './malformed.ts';
import { limitPipelining } from './pipeline.ts';
import { answerProblems } from './problem.ts';
import { checkTarget } from './request-target.ts';
import { Turns } from './turns.ts';

export interface HttpServerOptions {
  /** Sees every request, and what becomes of it, refusals included. */
  trace?: Middleware | undefined;
  /** Is asked first, whatever the path. */
  guard?: Middleware | undefined;
  /** Those that are not cut when they take too long to come. */
  longRequests?: LongRequests;
  /** By default a request has 30 s to come. */
  timeouts?: Pick<ServerOptions, 'requestTimeout' | 'connectionsCheckingInterval'>;
}

/** A missing Host header is looked for by `checkTarget`, which answers with a problem. */
const serverOptions = { requestTimeout: 30_000, keepAliveTimeout: 65_000, requireHostHeader: false };

/** A server and what closes it, see `createGracefulClose`. */
export interface HttpServer {
  server: Server;
  close: (withinMs: number) => Promise<void>;
}

/** A Koa application over these routes, with one place that answers problems. */
export function createHttpServer(
  router: Router,
  log: Logger,
  { trace, guard, longRequests, timeouts }: HttpServerOptions = {},
): HttpServer {
  const app = new Koa();
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A connection that breaks or sends what is no request has a code. It is the client's affair, and may come without end.
    if (error.code !== undefined) log.debug({ code: error.code }, 'the connection broke before the answer was sent');
    else log.error({ err: error }, 'the answer could not be sent');
  });
  app.use(answerProblems((error) => log.error({ err: error }, 'request failed')));
  app.use(requireTarget);
  if (trace) app.use(trace);
  if (guard) app.use(guard);
  app.use(router.routes());
  app.use(router.allowedMethods());
  const handle = app.callback();
  const server = createServer({ ...serverOptions, ...timeouts });
  server.on(
    'request',
    limitPipelining((request, response) => void handle(request, response), new Turns(server)),
  );
  // RFC 9110 §10.1.1: an expectation that is unknown may be ignored
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  answerMalformed(server, {
    isLong: (request) => longRequests?.has(request) ?? false,
    note: ({ code }) => log.debug({ code }, 'no HTTP request'),
  });
  return { server, close: createGracefulClose(server) };
}

/** Nothing below it may see a target that cannot be parsed. It adds no promise of its own: every callback passes here. */
function requireTarget({ req }: Context, next: Next): Promise<void> {
  const problem = checkTarget(req);
  if (problem) throw problem;
  return next();
}
