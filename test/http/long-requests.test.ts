import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import Router from '@koa/router';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/app.ts';
import { readBody } from '../../src/http/body.ts';
import { LongRequests } from '../../src/http/long-requests.ts';
import { createLogger } from '../../src/log.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';

/** A server that gives requests 100 ms, and looks often; `/long` may take longer. Both answer with what was sent. */
async function serve(): Promise<string> {
  const router = new Router();
  const longRequests = new LongRequests();
  router.post(['/long', '/short'], async (ctx) => {
    if (ctx.path === '/long') longRequests.add(ctx.req);
    ctx.body = await readBody(ctx.req, 1000);
    longRequests.delete(ctx.req);
  });
  const log = createLogger('info', new Writable({ write: (_chunk, _encoding, done) => done() }));
  const { server } = createHttpServer(router, log, {
    longRequests,
    timeouts: { requestTimeout: 100, connectionsCheckingInterval: 20 },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('a request that takes too long to come is a 408, and its connection ends', async () => {
  const client = await RawClient.connect(await serve());

  client.send(requestHead('POST', '/short', { 'Content-Length': '4' }));
  const { status, headers, body } = await client.answer();
  await client.ended;

  expect(status).toBe(408);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ code: 'request-timeout' });
});

it('a long request may take as long as it likes, and the next one on its connection may not', async () => {
  const address = await serve();
  const client = await RawClient.connect(address);
  const other = await RawClient.connect(address);
  client.send(requestHead('POST', '/long', { 'Content-Length': '4' }));
  other.send(requestHead('POST', '/short', { 'Content-Length': '4' }));
  await other.ended; // so long would a short one have had

  client.send('done');
  const long = await client.answer();
  client.send(requestHead('POST', '/short', { 'Content-Length': '4' }));
  const short = await client.answer();

  expect(long).toMatchObject({ status: 200, body: 'done' });
  expect(short.status).toBe(408);
});

it.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400, 'bad-request'],
  ['headers without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431, 'headers-too-large'],
])('%s is a %d', async (_what, text, expected, code) => {
  const client = await RawClient.connect(await serve());

  client.send(text);
  const { status, body } = await client.answer();
  await client.ended;

  expect(status).toBe(expected);
  expect(JSON.parse(body)).toMatchObject({ code });
});

it('a long request that goes wrong half way is cut', async () => {
  const client = await RawClient.connect(await serve());
  client.send(requestHead('POST', '/long', { 'Transfer-Encoding': 'chunked' }));

  client.send('this is no chunk\r\n');
  await client.ended;

  expect(client.received.toString()).toBe('');
});
