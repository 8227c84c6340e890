import { createServer } from 'node:http';
import type { Server, ServerOptions } from 'node:http';
import Koa from 'koa';
import type { Context, Middleware, Next } from 'koa';
import Router from '@koa/router';
import type { Logger } from '../observe/log.ts';
import { requests } from './channels.ts';
import { createGracefulClose } from './graceful-close.ts';
import type { LongRequests } from './long-requests.ts';
import { answerMalformed } from './malformed.ts';
import { limitPipelining } from './pipeline.ts';
import { answerProblems, Problem } from './problem.ts';
import { checkTarget } from './request-target.ts';
import { Turns } from './turns.ts';

export interface HttpServerOptions {
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
  { guard, longRequests, timeouts }: HttpServerOptions = {},
): HttpServer {
  const app = new Koa();
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A connection that breaks or sends what is no request has a code. It is the client's affair, and may come without end.
    if (error.code !== undefined) log.debug({ code: error.code }, 'the connection broke before the answer was sent');
    else log.error({ err: error }, 'the answer could not be sent');
  });
  app.use(answerProblems((error) => log.error({ err: error }, 'request failed')));
  app.use(requireTarget);
  app.use(announce);
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
    note: ({ code }) => log.debug({ code }, 'not a valid HTTP request'),
  });
  return { server, close: createGracefulClose(server) };
}

/** Nothing below it may see a target that cannot be parsed. It adds no promise of its own: every callback passes here. */
function requireTarget({ req }: Context, next: Next): Promise<void> {
  const problem = checkTarget(req);
  if (problem) throw problem;
  return next();
}

/** Tells observers of a request and its answer, refusals included. Without observers it adds no promise of its own. */
function announce(ctx: Context, next: Next): Promise<void> {
  return requests.started.hasSubscribers ? announced(ctx, next) : next();
}

async function announced(ctx: Context & { params?: Record<string, string> }, next: Next): Promise<void> {
  const { req: request, path, state } = ctx;
  requests.started.publish({ request, path });
  const answered = (status: number, outcome?: string, message?: string) =>
    requests.answered.publish({ request, status, deviceId: ctx.params?.['deviceId'], outcome, message });
  try {
    await next();
    answered(ctx.status, state['outcome'] as string | undefined);
  } catch (error) {
    const { status, code } = error instanceof Problem ? error : { status: 500, code: 'internal-error' };
    answered(status, code, (error as Error).message);
    throw error;
  }
}
