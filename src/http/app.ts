import { createServer } from 'node:http';
import type { Server } from 'node:http';
import Koa from 'koa';
import Router from '@koa/router';
import type { Logger } from '../log.ts';
import { answerProblems } from './problem.ts';

/** A Koa application over these routes, with one place that answers problems. */
export function createHttpServer(router: Router, log: Logger): Server {
  const app = new Koa();
  app.on('error', (error) => log.warn({ err: error }, 'the answer could not be sent'));
  app.use(answerProblems((error) => log.error({ err: error }, 'request failed')));
  app.use(router.routes());
  app.use(router.allowedMethods());
  const handle = app.callback();
  return createServer({ requestTimeout: 30_000, keepAliveTimeout: 65_000 }, (request, response) => {
    void handle(request, response);
  });
}
