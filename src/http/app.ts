import { createServer } from 'node:http';
import type { Server, ServerOptions } from 'node:http';
import Koa from 'koa';
import type { Middleware } from 'koa';
import Router from '@koa/router';
import type { Logger } from '../log.ts';
import { LongRequests } from './long-requests.ts';
import { limitPipelining } from './pipeline.ts';
import { answerProblems } from './problem.ts';

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

const defaultTimeouts = { requestTimeout: 30_000, keepAliveTimeout: 65_000 };

/** A Koa application over these routes, with one place that answers problems. */
export function createHttpServer(
  router: Router,
  log: Logger,
  { trace, guard, longRequests = new LongRequests(), timeouts }: HttpServerOptions = {},
): Server {
  const app = new Koa();
  app.on('error', (error) => log.warn({ err: error }, 'the answer could not be sent'));
  app.use(answerProblems((error) => log.error({ err: error }, 'request failed')));
  if (trace) app.use(trace);
  if (guard) app.use(guard);
  app.use(router.routes());
  app.use(router.allowedMethods());
  const handle = app.callback();
  const listener = limitPipelining((request, response) => void handle(request, response));
  const server = createServer({ ...defaultTimeouts, ...timeouts }, listener);
  longRequests.watch(server);
  return server;
}
