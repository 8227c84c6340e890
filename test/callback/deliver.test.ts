import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

describe('a callback', () => {
  it('is answered with where it went', async () => {
    const pod = await runPod({ POD_UID: 'pod-a' });
    await runDevice(pod, 'lamp-1');

    const { status, headers, json } = await push(pod.callback, 'lamp-1');

    expect(status).toBe(200);
    expect(json).toEqual({
      deviceId: 'lamp-1',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      podId: 'pod-a',
      outcome: 'delivered',
    });
    expect(headers['content-type']).toContain('application/json');
    expect(headers.etag).toBe(`"${(json as { traceId: string }).traceId}"`);
    expect(headers['ws-connect-pod']).toBe(`127.0.0.1:${pod.callbackPort}`);
  });

  it('reaches its device and no other', async () => {
    const pod = await runPod();
    const lamp = await runDevice(pod, 'lamp-1');
    const other = await runDevice(pod, 'lamp-10');

    await push(pod.callback, 'lamp-1', 'for one');
    await push(pod.callback, 'lamp-10', 'for ten');

    expect(await lamp.received(1)).toMatchObject([{ data: Buffer.from('for one') }]);
    expect(await other.received(1)).toMatchObject([{ data: Buffer.from('for ten') }]);
  });

  it.each([
    ['text/plain', false],
    ['text/plain; charset=utf-8', false],
    ['TEXT/HTML', false],
    ['text/event-stream', false],
    ['application/json', false],
    ['application/json;charset=utf-8', false],
    ['Application/JSON', false],
    ['application/octet-stream', true],
    ['application/json-seq', true],
    ['application/x-ndjson', true],
    ['application/vnd.acme+json', true],
    ['image/png', true],
    ['textual/plain', true],
    ['x-text/plain', true],
    ['*/*', true],
    ['', true],
  ])('of type %j goes out as one frame, binary: %j', async (type, binary) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    await push(pod.callback, 'lamp-1', '{"on":true}', { 'Content-Type': type });

    expect(await device.received(1)).toEqual([{ data: Buffer.from('{"on":true}'), binary }]);
  });

  it('without a type goes out as binary', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);

    await push(pod.callback, 'lamp-1', 'text');

    expect(await device.received(1)).toEqual([{ data: Buffer.from('text'), binary: true }]);
  });

  it.each([
    ['every byte value', 'application/octet-stream', everyByte],
    ['nothing', 'application/octet-stream', Buffer.alloc(0)],
    ['nothing, as text', 'text/plain', Buffer.alloc(0)],
    ['65,536 bytes', 'application/octet-stream', Buffer.alloc(65_536, everyByte)],
    ['65,536 bytes of text', 'text/plain', Buffer.from(`${'ä€😀 '.repeat(6553)}abc€`)],
    ['JSON with spaces and a byte order mark', 'application/json', Buffer.from('\uFEFF{ "a" : 1.0 }\r\n')],
    ['what is no JSON', 'application/json', Buffer.from('{"a":')],
    ['a NUL in text', 'text/plain', Buffer.from('a\0b')],
  ])('carries %s byte for byte', async (_what, type, body) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const { status } = await push(pod.callback, 'lamp-1', body, { 'Content-Type': type });
    const [frame] = await device.received(1);

    expect(status).toBe(200);
    expect(frame!.data.equals(body)).toBe(true);
  });

  it('after another goes out in that order', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);

    for (let count = 0; count < 20; count += 1) await push(pod.callback, 'lamp-1', String(count));
    const frames = await device.received(20);

    expect(frames.map(({ data }) => data.toString())).toEqual(Array.from({ length: 20 }, (_, count) => String(count)));
  });

  it.each([
    ['a lone continuation byte', Buffer.from([0x61, 0x80])],
    ['an overlong form', Buffer.from([0xc0, 0xaf])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['a character cut off', Buffer.from('€').subarray(0, 2)],
  ])('as text with %s is refused and the device hears nothing', async (_what, body) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const { status, json } = await push(pod.callback, 'lamp-1', body, { 'Content-Type': 'text/plain' });
    await push(pod.callback, 'lamp-1', 'next');

    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'invalid-text' });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('for nobody is a 404', async () => {
    const pod = await runPod();

    const { status, headers, json } = await push(pod.callback, 'lamp-1');

    expect(status).toBe(404);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ type: 'about:blank', title: 'Not Found', status: 404, code: 'not-connected' });
  });

  it('for a device that has left is a 404', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    await device.close();

    const { json } = await push(pod.callback, 'lamp-1');

    expect(json).toMatchObject({ code: 'not-connected' });
  });

  it('is counted by its outcome and timed', async () => {
    const pod = await runPod();
    await runDevice(pod);
    await push(pod.callback, 'lamp-1');
    await push(pod.callback, 'lamp-1');
    await push(pod.callback, 'lamp-2');
    await push(pod.callback, '..');

    const count = (outcome: string) => metric(pod.admin, `ws_connect_callbacks_total{outcome="${outcome}"}`);

    expect(await count('delivered')).toBe(2);
    expect(await count('not-connected')).toBe(1);
    expect(await count('bad-device-id')).toBe(1);
    expect(await metric(pod.admin, 'ws_connect_callback_duration_seconds_count')).toBe(4);
  });
});

describe('a request that is not right', () => {
  it.each([
    '/callback/',
    '/callback/.',
    '/callback/..',
    '/callback/../lamp-1',
    '/callback/%2e%2e',
    '/callback/a/b',
    '/callback/a%2Fb',
    '/callback/lamp-1/',
    '/callback/lamp%00',
    '/callback/lamp%0A',
    '/callback/{lamp-1}',
    '/callback/lamp%201',
    '/callback/l%C3%A4mp',
    '/callback/%E0%A4%A',
    '/callback/%',
    `/callback/${'x'.repeat(129)}`,
  ])('POST %s is a 400', async (path) => {
    const pod = await runPod();

    const { status, headers, json } = await ask(pod.callback, path, { method: 'POST', body: 'hello' });

    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ status: 400, code: 'bad-device-id' });
  });

  it.each([
    ['GET', '/callback/lamp-1', 'POST'],
    ['PUT', '/callback/lamp-1', 'POST'],
    ['DELETE', '/callback/lamp-1', 'POST'],
    ['POST', '/connections/lamp-1', 'GET'],
  ])('%s %s is a 405 that says what is allowed', async (method, path, allowed) => {
    const pod = await runPod();

    const { status, headers, json } = await ask(pod.callback, path, { method });

    expect(status).toBe(405);
    expect(headers.allow).toContain(allowed);
    expect(json).toMatchObject({ status: 405, code: 'method-not-allowed' });
  });

  it.each(['/', '/callbacks/lamp-1', '/connect?deviceId=lamp-1', '/livez', '/pre-stop', '/metrics'])(
    'GET %s is a 404 on this listener',
    async (path) => {
      const pod = await runPod();

      const { status, json } = await ask(pod.callback, path);

      expect(status).toBe(404);
      expect(json).toMatchObject({ code: 'no-such-route' });
    },
  );

  it('an upgrade on this listener makes no device', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);
    const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade, close' };

    client.send(requestHead('GET', '/connect?deviceId=lamp-1', upgrade));
    const { status } = await client.answer();

    expect(status).toBe(404);
  });
});
