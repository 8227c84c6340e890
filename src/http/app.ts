import { createServer } from 'node:http';
import type { Server } from 'node:http';
import Koa from 'koa';
import type { Middleware } from 'koa';
import Router from '@koa/router';
import type { Logger } from '../log.ts';
import { answerProblems } from './problem.ts';

/** A Koa application over these routes, with one place that answers problems. `guard` is asked first, whatever the path. */
export function createHttpServer(router: Router, log: Logger, guard?: Middleware): Server {
  const app = new Koa();
  app.on('error', (error) => log.warn({ err: error }, 'the answer could not be sent'));
  app.use(answerProblems((error) => log.error({ err: error }, 'request failed')));
  if (guard) app.use(guard);
  app.use(router.routes());
  app.use(router.allowedMethods());
  const handle = app.callback();
  return createServer({ requestTimeout: 30_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void handle(request, response);
  });
}
