import { createServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import Router from '@koa/router';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/app.ts';
import { readBody } from '../../src/http/body.ts';
import { createGracefulClose } from '../../src/http/graceful-close.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/observe/log.ts';
import { ask } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

const get = requestHead('GET', '/');

async function serve(handle: RequestListener) {
  const server = createServer(handle);
  const close = createGracefulClose(server);
  const port = await listen(server, 'PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.closeAllConnections());
  return { server, close, base: `http://127.0.0.1:${port}` };
}

/** A server that answers when it is told to. */
async function serveLater() {
  const waiting: ServerResponse[] = [];
  const { close, base } = await serve((_request, response) => waiting.push(response));
  return { close, base, waiting };
}

/** A connection that is kept after its first answer. */
async function keep(base: string): Promise<RawClient> {
  const client = await RawClient.connect(base);
  client.send(get);
  await client.answer();
  return client;
}

it('a server that is closed answers what is under way', async () => {
  const { close, base, waiting } = await serveLater();
  const answer = ask(base, '/');
  await until(() => waiting.length === 1);

  const closed = close(5000);
  waiting[0]!.end('late');
  await closed;

  expect((await answer).body.toString()).toBe('late');
});

it('a server that is closed answers what is asked on a kept connection, and says that it closes it', async () => {
  const { server, close, base } = await serve((_request, response) => response.end('fine'));
  const client = await keep(base);

  const closed = close(5000);
  await until(() => !server.listening);
  client.send(get);
  const { body, headers } = await client.answer();
  await closed;

  expect([body, headers['connection']]).toEqual(['fine', 'close']);
});

it('a server that is closed does nothing that is asked after the answer that says so', async () => {
  let asked = 0;
  const { server, close, base } = await serve((_request, response) => {
    asked += 1;
    setImmediate(() => response.end('fine'));
  });
  const client = await keep(base);

  const closed = close(5000);
  await until(() => !server.listening);
  client.send(get.repeat(3));
  await client.answer();
  await closed;

  expect([asked, client.received.toString()]).toEqual([2, '']);
});

it('a server that is closed ends an idle connection, and does nothing that is asked on it after that', async () => {
  let asked = 0;
  const { close, base } = await serve((_request, response) => {
    asked += 1;
    response.end('fine');
  });
  const client = await keep(base);

  const closed = close(5000);
  await client.ended;
  client.send(get);
  await closed;

  expect([asked, client.received.toString(), client.error]).toEqual([1, '', undefined]);
});

it('a server that is closed reads a body that it refuses, so that the answer is not reset away', async () => {
  const router = new Router();
  router.get('/', (ctx) => void (ctx.status = 204));
  router.post('/', async (ctx) => void (ctx.body = await readBody(ctx.req, 10)));
  const { server, close } = createHttpServer(router, createLogger('silent'));
  const port = await listen(server, 'PORT', { host: '127.0.0.1', port: 0 });
  const client = await keep(`http://127.0.0.1:${port}`);

  const closed = close(5000);
  await until(() => !server.listening);
  client.send(requestHead('POST', '/', { 'Content-Length': '8000000' }));
  client.send(Buffer.alloc(8_000_000));
  const { status } = await client.answer();
  await closed;

  expect([status, client.error]).toEqual([413, undefined]);
});

it('a server that is closed keeps a connection that was answered late for a last request', async () => {
  const { close, base, waiting } = await serveLater();
  const client = await RawClient.connect(base);
  client.send(get);
  await until(() => waiting.length === 1);
  const idle = await RawClient.connect(base);

  const closed = close(5000);
  await idle.ended; // so long are idle ones kept
  waiting[0]!.end('late');
  const first = await client.answer();
  client.send(get);
  await until(() => waiting.length === 2);
  waiting[1]!.end('last');
  const second = await client.answer();
  await closed;

  expect([first.body, second.body, second.headers['connection']]).toEqual(['late', 'last', 'close']);
});

it('a server that is closed cuts what takes too long', async () => {
  const { close, base, waiting } = await serveLater();
  const client = await RawClient.connect(base);
  client.send(get);
  await until(() => waiting.length === 1);

  await close(100);
  await client.ended;

  expect(client.received.toString()).toBe('');
});

it('a server that is closed takes nothing new', async () => {
  const { server, close, base } = await serve((_request, response) => response.end());
  const kept = await keep(base);

  const closed = close(5000);
  await until(() => !server.listening);
  const late = ask(base, '/');

  await expect(late).rejects.toThrow('ECONNREFUSED');
  kept.socket.destroy();
  await closed;
});

it('a server that never listened is closed at once', async () => {
  const server = createServer();

  await createGracefulClose(server)(5000);

  expect(server.listening).toBe(false);
});
