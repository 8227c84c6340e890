import { Writable } from 'node:stream';
import Router from '@koa/router';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/app.ts';
import { Problem } from '../../src/http/problem.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/observe/log.ts';
import { ask } from '../support/ask.ts';

/** A server with one route at `/`, and its log. */
async function serve(handle: Parameters<Router['get']>[1]) {
  const logs: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      logs.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const router = new Router().get('/', handle);
  const { server } = createHttpServer(router, createLogger('info', stream));
  const port = await listen(server, 'PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { base: `http://127.0.0.1:${port}`, logs };
}

it('a problem is answered as it is, with its headers', async () => {
  const { base, logs } = await serve(() => {
    throw new Problem({ code: 'full', detail: 'come "back"', headers: { 'Retry-After': '7' } });
  });

  const { status, headers, json } = await ask(base, '/');

  expect(status).toBe(503);
  expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '7' });
  expect(json).toEqual({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    code: 'full',
    detail: 'come "back"',
  });
  expect(logs).toEqual([]);
});

it('a mistake of ours is a 500 that tells the caller nothing and the log everything', async () => {
  const { base, logs } = await serve(() => {
    throw new TypeError('S3cret');
  });

  const { status, json, body } = await ask(base, '/');

  expect(status).toBe(500);
  expect(json).toMatchObject({ code: 'internal-error' });
  expect(body.toString()).not.toContain('S3cret');
  expect(logs).toMatchObject([{ level: 50, err: { name: 'TypeError', message: 'S3cret' } }]);
});

it('a mistake of ours takes back what the route had begun to answer', async () => {
  const { base } = await serve((ctx) => {
    ctx.status = 200;
    ctx.type = 'text/html';
    ctx.body = 'half';
    throw new Error('late');
  });

  const { status, headers, json } = await ask(base, '/');

  expect(status).toBe(500);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(json).toMatchObject({ code: 'internal-error' });
});

it('the server goes on after a mistake of ours', async () => {
  let calls = 0;
  const { base } = await serve((ctx) => {
    calls += 1;
    if (calls === 1) throw new Error('first');
    ctx.body = 'fine';
  });

  const statuses = [(await ask(base, '/')).status, (await ask(base, '/')).status];

  expect(statuses).toEqual([500, 200]);
});

it('an error in a log entry is one line, whatever it holds', async () => {
  const { base, logs } = await serve(() => {
    throw new Error('a\nb"c\u001b[31m\u2028{"level":10}');
  });

  await ask(base, '/');

  expect(logs).toMatchObject([{ err: { message: 'a\nb"c\u001b[31m\u2028{"level":10}' } }]);
});

it.each([
  ['GET', '/nowhere', 404, 'no-such-route'],
  ['POST', '/', 405, 'method-not-allowed'],
])('%s %s that no route answers is a %i %s', async (method, path, expected, code) => {
  const { base } = await serve((ctx) => {
    ctx.body = 'fine';
  });

  const { status, json } = await ask(base, path, { method });

  expect(status).toBe(expected);
  expect(json).toMatchObject({ status: expected, code });
});

it('a method that is no route at all is a problem too', async () => {
  const { base } = await serve((ctx) => {
    ctx.body = 'fine';
  });

  const { status, headers } = await ask(base, '/', { method: 'PROPFIND' });

  expect(status).toBeGreaterThanOrEqual(405);
  expect(headers['content-type']).toBe('application/problem+json');
});
