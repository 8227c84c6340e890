import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const hugeBytes = 8 * 1024 * 1024;
const chunk = Buffer.alloc(65_536, 'x');

const post = (headers: Record<string, string>) => requestHead('POST', '/callback/lamp-1', headers);

/** Sends so many bytes, as fast as they are taken. */
async function pour(client: RawClient, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !client.error; sent += chunk.length) {
    await new Promise((resolve) => client.socket.write(chunk, resolve));
    await new Promise(setImmediate);
  }
}

describe('a body that is too large', () => {
  it('by one byte is a 413 that says how much is allowed', async () => {
    const pod = await runPod({ MAX_PAYLOAD_BYTES: '1000' });
    const device = await runDevice(pod);

    const { status, headers, json } = await push(pod.callback, 'lamp-1', Buffer.alloc(1001));
    await push(pod.callback, 'lamp-1', 'next');

    expect(status).toBe(413);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ code: 'body-too-large', detail: expect.stringContaining('1000') });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('is refused by its announced length, before any of it came', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);

    client.send(post({ 'Content-Length': '65537' }));

    expect(await client.answer()).toMatchObject({ status: 413 });
  });

  it('in chunks is refused at the first byte too many', async () => {
    const pod = await runPod({ MAX_PAYLOAD_BYTES: '10' });
    const client = await RawClient.connect(pod.callback);

    client.send(`${post({ 'Transfer-Encoding': 'chunked' })}6\r\n123456\r\n5\r\n12345\r\n`);

    expect(await client.answer()).toMatchObject({ status: 413 });
  });

  it('is answered while the caller is still sending, and the connection goes on', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const client = await RawClient.connect(pod.callback);
    client.send(post({ 'Content-Length': String(hugeBytes) }));

    const { status } = await client.answer();
    await pour(client, hugeBytes);
    client.send(`${post({ 'Content-Length': '2' })}ok`);
    const next = await client.answer();

    expect(status).toBe(413);
    expect(client.error).toBeUndefined();
    expect(next.status).toBe(200);
  });

  it('in chunks is answered while the caller is still sending, and the connection goes on', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const client = await RawClient.connect(pod.callback);
    client.send(`${post({ 'Transfer-Encoding': 'chunked' })}${hugeBytes.toString(16)}\r\n`);

    await pour(client, hugeBytes);
    const { status } = await client.answer();
    client.send(`\r\n0\r\n\r\n${post({ 'Content-Length': '2' })}ok`);
    const next = await client.answer();

    expect(status).toBe(413);
    expect(client.error).toBeUndefined();
    expect(next.status).toBe(200);
  });

  it('is answered without a reset to a caller who wants the connection closed', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);
    client.send(post({ 'Content-Length': String(hugeBytes), Connection: 'close' }));

    await pour(client, hugeBytes);
    const { status } = await client.answer();

    expect(status).toBe(413);
    expect(client.error).toBeUndefined();
  });

  it.each([
    ['keeps the connection', new Agent({ keepAlive: true })],
    ['closes the connection', new Agent({ keepAlive: false })],
  ])('is a 413 to a client of node:http that %s', async (_what, agent) => {
    const pod = await runPod();

    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        ask(pod.callback, '/callback/lamp-1', { method: 'POST', body: Buffer.alloc(hugeBytes), agent }),
      ),
    );
    agent.destroy();

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 413));
  });

  it('is a 413 to fetch that streams it slowly', async () => {
    const pod = await runPod();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise(setImmediate);
        sent += chunk.length;
        if (sent > hugeBytes) return controller.close();
        controller.enqueue(chunk);
      },
    });

    const response = await fetch(`${pod.callback}/callback/lamp-1`, { method: 'POST', body, duplex: 'half' });

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'body-too-large' });
  });

  it('is a 413 to a caller who asks first', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);

    client.send(post({ 'Content-Length': String(hugeBytes), Expect: '100-continue' }));
    const first = await client.answer();
    const { status } = first.status === 100 ? await client.answer() : first;

    expect(status).toBe(413);
  });
});

describe('a body that is not what it seems', () => {
  it('comes after 100 Continue for a caller who asks first', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);

    client.send(post({ 'Content-Length': '5', Expect: '100-continue' }));
    const first = await client.answer();
    client.send('hello');
    const second = await client.answer();

    expect(first.status).toBe(100);
    expect(second.status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it.each([
    ['by its length', { 'Content-Length': '100' }, 'half of it'],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }, '64\r\nhalf of it'],
  ])('is not delivered when the caller breaks off, %s', async (_what, headers, half) => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);
    client.send(`${post(headers)}${half}`);

    client.socket.destroy();
    await until(() => metric(pod.admin, 'ws_connect_callbacks_total{outcome="aborted"}'));
    await push(pod.callback, 'lamp-1', 'next');

    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('is never longer than its Content-Length, and what follows ends the connection', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);

    client.send(`${post({ 'Content-Length': '5' })}hello and more`);
    await client.ended;
    await push(pod.callback, 'lamp-1', 'next');
    const frames = await device.received(2);

    expect(frames.map(({ data }) => data.toString())).toEqual(['hello', 'next']);
  });

  it.each(['/callback/lamp-1', '/callback'])(
    'without any length is a 411, and nothing is delivered: %s',
    async (path) => {
      const pod = await runPod();
      const device = await runDevice(pod);
      const client = await RawClient.connect(pod.callback);
      const type = { 'Content-Type': 'application/x-ndjson' };

      client.send(`${requestHead('POST', path, type)}{"deviceId":"lamp-1","data":"hello"}`);
      const first = await client.answer();
      const second = await client.answer();
      await client.ended;
      await push(pod.callback, 'lamp-1', 'next');

      expect(first).toMatchObject({ status: 411 });
      expect(JSON.parse(first.body)).toMatchObject({
        code: 'length-required',
        detail: expect.stringContaining("-d ''"),
      });
      expect(second).toMatchObject({ status: 400, headers: { connection: 'close' } });
      expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
    },
  );

  it('of length 0 is an empty message', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);

    client.send(post({ 'Content-Length': '0' }));

    expect(await client.answer()).toMatchObject({ status: 200 });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.alloc(0) }]);
  });

  it('with its length in characters is answered for what was delivered, and then for what follows', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);
    const text = '{"ort":"köln"}';

    client.send(`${post({ 'Content-Length': String(text.length) })}${text}`);
    const first = await client.answer();
    const second = await client.answer();
    await client.ended;

    expect(first).toMatchObject({ status: 200 });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from(text).subarray(0, text.length) }]);
    expect(second).toMatchObject({ status: 400, headers: { connection: 'close' } });
  });

  it.each<Record<string, string>>([
    { 'Content-Encoding': 'gzip', 'Content-Length': '5' },
    { 'Content-Encoding': 'identity, br', 'Content-Length': '5' },
    { 'Transfer-Encoding': 'gzip, chunked' },
  ])('in a coding is a 415 that says which are taken, and nothing is delivered: %j', async (headers) => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);

    client.send(`${post(headers)}${'Content-Length' in headers ? 'hello' : '5\r\nhello\r\n0\r\n\r\n'}`);
    const { status, headers: answered, body } = await client.answer();
    client.send(`${post({ 'Content-Length': '4', 'Content-Encoding': 'Identity' })}next`);
    const next = await client.answer();

    expect(status).toBe(415);
    expect(answered['accept-encoding']).toBe('identity');
    expect(JSON.parse(body)).toMatchObject({ code: 'unsupported-encoding' });
    expect(next.status).toBe(200);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('in a coding is a 415 as a batch, too', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Encoding': 'gzip' };

    const answer = await ask(pod.callback, '/callback', {
      method: 'POST',
      headers,
      body: '{"deviceId":"lamp-1","data":"hello"}\n',
    });
    await push(pod.callback, 'lamp-1', 'next');

    expect(answer).toMatchObject({ status: 415, headers: { 'accept-encoding': 'identity' } });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('with two lengths is refused (RFC 9112 §6.3)', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);

    client.send(`${post({ 'Content-Length': '5', 'Transfer-Encoding': 'chunked' })}0\r\n\r\n`);

    expect(await client.answer()).toMatchObject({ status: 400 });
  });

  it('in many chunks is one message', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod.callback);

    client.send(post({ 'Transfer-Encoding': 'chunked' }));
    for (const letter of 'hello') client.send(`1\r\n${letter}\r\n`);
    client.send('0\r\n\r\n');

    expect(await client.answer()).toMatchObject({ status: 200 });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });
});
