import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Writable } from 'node:stream';
import Router from '@koa/router';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpServer } from '../../src/http/app.ts';
import { readBody } from '../../src/http/body.ts';
import { createLogger } from '../../src/observe/log.ts';
import { ask } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { until } from '../support/until.ts';

/** A server whose answers the test gives: `/held/N` waits for that, `/echo` sends the body back, `/large` is a megabyte. */
async function serve() {
  const started: string[] = [];
  const held: (() => void)[] = [];
  const router = new Router();
  router.get('/held/:number', async (ctx) => {
    started.push(ctx.path);
    await new Promise<void>((resolve) => held.push(resolve));
    ctx.body = ctx.path;
  });
  router.get('/now/:number', (ctx) => {
    started.push(ctx.path);
    ctx.body = ctx.path;
  });
  router.get('/large', (ctx) => {
    started.push(ctx.path);
    ctx.body = Buffer.alloc(1_000_000);
  });
  router.post('/echo', async (ctx) => {
    started.push(ctx.path);
    ctx.body = await readBody(ctx.req, 1_000_000);
  });
  const log = createLogger('info', new Writable({ write: (_chunk, _encoding, done) => done() }));
  const { server, close } = createHttpServer(router, log);
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    base,
    close,
    sockets,
    started,
    /** Lets those that wait for it have their answers. */
    answer: (count = held.length) => held.splice(0, count).forEach((release) => release()),
    /** Waits until so many have been started, and gives others the chance to be. */
    startedTo: async (count: number) => {
      await until(() => started.length >= count);
      for (let turn = 0; turn < 20; turn += 1) await ask(base, '/nothing');
      return started.length;
    },
  };
}

const get = (path: string, count: number) =>
  Array.from({ length: count }, (_, number) => requestHead('GET', `${path}/${number}`)).join('');

async function bodies(client: RawClient, count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) all.push((await client.answer()).body);
  return all;
}

const numbered = (path: string, count: number) => Array.from({ length: count }, (_, number) => `${path}/${number}`);

describe('requests that come before the answers to those before them', () => {
  it('are carried out eight at a time and answered in their order', async () => {
    const { base, started, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);

    client.send(get('/held', 20));
    const first = await startedTo(8);
    answer(1);
    const second = await startedTo(9);
    await until(() => {
      answer();
      return started.length === 20;
    });
    answer();

    expect([first, second]).toEqual([8, 9]);
    expect(await bodies(client, 20)).toEqual(numbered('/held', 20));
  });

  it('are read no further than one read while some of them wait', async () => {
    const { base, sockets, startedTo, started, answer } = await serve();
    const client = await RawClient.connect(base);

    client.send(get('/held', 5000));
    await startedTo(8);
    const read = sockets[0]!.bytesRead;
    const timer = setInterval(answer, 1);
    const all = await bodies(client, 5000);
    clearInterval(timer);

    expect(read).toBeLessThanOrEqual(65_536);
    expect(all).toEqual(numbered('/held', 5000));
    expect(started).toHaveLength(5000);
  });

  it('take turns with everything else, however quickly they are answered', async () => {
    const { base, started } = await serve();
    const client = await RawClient.connect(base);
    const perTurn: number[] = [];
    let seen = 0;
    const count = () => {
      perTurn.push(started.length - seen);
      seen = started.length;
      if (seen < 1000) setImmediate(count);
    };
    count();

    client.send(get('/now', 1000));
    const all = await bodies(client, 1000);

    expect(all).toEqual(numbered('/now', 1000));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(9);
  });

  it('are not carried out for a caller that does not read the answers', async () => {
    const { base, startedTo } = await serve();
    const client = await RawClient.connect(base);
    client.socket.pause();

    client.send(requestHead('GET', '/large').repeat(100));
    const early = await startedTo(8);
    client.socket.resume();
    const all = await bodies(client, 100);

    expect(early).toBeLessThan(40); // the kernel takes some answers
    expect(all.every(({ length }) => length === 1_000_000)).toBe(true);
  });

  it('are forgotten when their connection ends before their turn', async () => {
    const { base, sockets, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);
    client.send(get('/held', 20));
    await startedTo(8);

    client.socket.resetAndDestroy();
    answer(1); // what is read no further finds its end when it is written to
    await until(() => {
      answer(1);
      return sockets[0]!.destroyed;
    });
    answer();

    expect(await startedTo(8)).toBeLessThan(20);
  });

  it('are answered although the body of the last one comes later', async () => {
    const { base, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);
    const body = Buffer.alloc(500_000, 'x');

    client.send(get('/held', 20) + requestHead('POST', '/echo', { 'Content-Length': String(body.length) }));
    await startedTo(8);
    client.send(body);
    client.send(get('/now', 20));
    const timer = setInterval(answer, 1);
    const all = await bodies(client, 41);
    clearInterval(timer);

    expect(all).toEqual([...numbered('/held', 20), body.toString(), ...numbered('/now', 20)]);
  });

  it('leave a connection on which one can be asked after the other again', async () => {
    const { base } = await serve();
    const client = await RawClient.connect(base);
    client.send(get('/now', 50));
    await bodies(client, 50);

    client.send(requestHead('GET', '/now/next'));

    expect(await bodies(client, 1)).toEqual(['/now/next']);
  });

  it('that have come when the server closes are answered', async () => {
    const { base, close, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);
    client.send(get('/held', 20));
    await startedTo(8);

    const closed = close(60_000);
    const timer = setInterval(answer, 1);
    const all = await bodies(client, 20);
    await closed;
    clearInterval(timer);

    expect(all).toEqual(numbered('/held', 20));
  });
});

describe('what is no request', () => {
  it.each([1, 8, 20])('is answered after the %d requests that came before it', async (count) => {
    const { base, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);

    client.send(`${get('/held', count)}no request at all\r\n\r\n`);
    await startedTo(Math.min(count, 8));
    const before = client.received.length;
    const timer = setInterval(answer, 1);
    const all = await bodies(client, count);
    clearInterval(timer);
    const last = await client.answer();
    await client.ended;

    expect(before).toBe(0);
    expect(all).toEqual(numbered('/held', count));
    expect(last).toMatchObject({ status: 400, headers: { connection: 'close' } });
    expect(JSON.parse(last.body)).toMatchObject({ code: 'bad-request' });
  });

  it.each([1, 8, 20])('in the body of a request is answered in its place, after the %d before it', async (count) => {
    const { base, startedTo, answer } = await serve();
    const client = await RawClient.connect(base);
    const broken = `${requestHead('POST', '/echo', { 'Transfer-Encoding': 'chunked' })}this is no chunk\r\n`;

    client.send(`${get('/held', count)}${broken}`);
    await startedTo(Math.min(count, 8));
    const timer = setInterval(answer, 1);
    const all = await bodies(client, count);
    clearInterval(timer);
    const last = await client.answer();
    await client.ended;

    expect(all).toEqual(numbered('/held', count));
    expect(last.status).toBe(400);
    expect(client.received.toString()).toBe('');
  });

  it('in the body of a request that was refused already ends the connection, without a second answer', async () => {
    const { base } = await serve();
    const client = await RawClient.connect(base);

    client.send(`${requestHead('POST', '/nothing', { 'Transfer-Encoding': 'chunked' })}this is no chunk\r\n`);
    const { status } = await client.answer();
    await client.ended;

    expect([400, 404]).toContain(status);
    expect(client.received.toString()).toBe('');
  });
});
