import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import Router from '@koa/router';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/app.ts';
import { readBody } from '../../src/http/body.ts';
import { LongRequests } from '../../src/http/long-requests.ts';
import { createLogger } from '../../src/observe/log.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';

/**
 * A server that gives requests 100 ms, and looks often. `/long` and `/begun` may take longer, and `/begun` begins its answer before
 * the request is over. All answer with what was sent.
 */
async function serve(): Promise<string> {
  const router = new Router();
  const longRequests = new LongRequests();
  router.post(['/long', '/begun', '/short'], async (ctx) => {
    if (ctx.path !== '/short') longRequests.add(ctx.req);
    if (ctx.path === '/begun') ctx.res.writeHead(200).flushHeaders();
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

it('a request that goes wrong after its answer has begun is cut', async () => {
  const client = await RawClient.connect(await serve());
  client.send(requestHead('POST', '/begun', { 'Transfer-Encoding': 'chunked' }));

  client.send('this is no chunk\r\n');
  await client.ended;

  expect(client.received.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(client.received.toString()).toMatch(/\r\n\r\n$/);
});

it('a request that goes wrong before its answer has begun is a 400', async () => {
  const client = await RawClient.connect(await serve());
  client.send(requestHead('POST', '/long', { 'Transfer-Encoding': 'chunked' }));

  client.send('this is no chunk\r\n');
  const { status } = await client.answer();
  await client.ended;

  expect(status).toBe(400);
});

it('a caller that goes on sending after a 400 still gets it, and then the end', async () => {
  const client = await RawClient.connect(await serve());

  client.send('no HTTP at all\r\n\r\n');
  for (let sent = 0; sent < 100; sent += 1) {
    client.send(Buffer.alloc(65_536));
    await new Promise(setImmediate);
  }
  const { status } = await client.answer();
  await client.ended;

  expect(status).toBe(400);
  expect(client.error).toBeUndefined();
});
