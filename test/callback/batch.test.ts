import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ndjson, pushBatch, resultsOf } from '../support/batch.ts';
import { ask, metric, metrics, push } from '../support/ask.ts';
import { runDevice, runPod } from '../support/running.ts';

const hello = { deviceId: 'lamp-1', data: 'hello' };

describe('a batch', () => {
  it('is answered with a line for each, in the order of the input', async () => {
    const pod = await runPod();
    const lamps = [await runDevice(pod, 'lamp-1'), await runDevice(pod, 'lamp-2')];
    const lines = ['lamp-2', 'lamp-3', 'lamp-1', 'lamp-2'].map((deviceId) => ({ deviceId, data: 'hello' }));

    const { status, headers, body } = await pushBatch(pod.callback, ndjson(lines));

    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(body.toString()).toBe(
      '{"deviceId":"lamp-2","status":200}\n' +
        '{"deviceId":"lamp-3","status":404,"code":"not-connected"}\n' +
        '{"deviceId":"lamp-1","status":200}\n' +
        '{"deviceId":"lamp-2","status":200}\n',
    );
    expect(await lamps[0]!.received(1)).toHaveLength(1);
    expect(await lamps[1]!.received(2)).toHaveLength(2);
  });

  it('of nothing is answered with nothing', async () => {
    const pod = await runPod();

    const { status, body } = await pushBatch(pod.callback, '');

    expect(status).toBe(200);
    expect(body).toHaveLength(0);
  });

  it('may have blank lines, which are no lines, and need not end its last one', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const [first, last] = ['first', 'last'].map((data) => JSON.stringify({ deviceId: 'lamp-1', data }));

    const { results } = await pushBatch(pod.callback, `\n${first}\r\n\r\n \t\n${last}`);

    expect(results).toEqual([
      { deviceId: 'lamp-1', status: 200 },
      { deviceId: 'lamp-1', status: 200 },
    ]);
    expect((await device.received(2)).map(({ data }) => data.toString())).toEqual(['first', 'last']);
  });

  it.each([
    ['text', { data: 'ä€😀' }, Buffer.from('ä€😀'), false],
    ['nothing', { data: '' }, Buffer.alloc(0), false],
    ['JSON', { data: '{"on":true}', contentType: 'application/json' }, Buffer.from('{"on":true}'), false],
    ['text of a type for bytes', { data: 'x', contentType: 'image/x' }, Buffer.from('x'), true],
    ['bytes', { base64: 'AP+A' }, Buffer.from([0, 255, 128]), true],
    ['no bytes', { base64: '' }, Buffer.alloc(0), true],
    ['bytes that are text', { base64: '4oKs', contentType: 'text/plain' }, Buffer.from('€'), false],
    ['65,536 bytes', { base64: Buffer.alloc(65_536, 'ab').toString('base64') }, Buffer.alloc(65_536, 'ab'), true],
    ['65,536 bytes of text', { data: 'a'.repeat(65_536) }, Buffer.alloc(65_536, 'a'), false],
    ['as much text as JSON can blow up', { data: '\n'.repeat(65_000) }, Buffer.alloc(65_000, '\n'), false],
    ['4,097 bytes', { data: 'a'.repeat(4097) }, Buffer.alloc(4097, 'a'), false],
    ['125 bytes', { data: 'a'.repeat(125) }, Buffer.alloc(125, 'a'), false],
    ['126 bytes', { data: 'a'.repeat(126) }, Buffer.alloc(126, 'a'), false],
  ])('carries %s', async (_what, content, bytes, binary) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const results = await resultsOf(pod.callback, { deviceId: 'lamp-1', ...content });
    const [frame] = await device.received(1);

    expect(results).toEqual([{ deviceId: 'lamp-1', status: 200 }]);
    expect(frame!.binary).toBe(binary);
    expect(frame!.data.equals(bytes)).toBe(true);
  });

  it('names its messages as their lines say, or by names of their own', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1', ['ws-connect.v1']);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

    await pushBatch(pod.callback, ndjson([{ ...hello, id: 'my-1' }, hello, hello]), { headers: { traceparent } });
    const frames = (await device.received(4)).slice(1).map(({ data }) => JSON.parse(data.toString()));

    expect(frames[0]).toEqual({ type: 'message', id: 'my-1', contentType: 'text/plain', data: 'hello', traceparent });
    expect(new Set(frames.map(({ id }) => id as string)).size).toBe(3);
  });

  it('keeps the order of what goes to one device', async () => {
    const pod = await runPod();
    const devices = await Promise.all([0, 1, 2].map((index) => runDevice(pod, `lamp-${index}`)));
    const plan = fc.array(fc.nat(2), { minLength: 1, maxLength: 700 });

    await fc.assert(
      fc.asyncProperty(plan, async (targets) => {
        for (const device of devices) device.frames.length = 0;
        const lines = targets.map((target, index) => ({ deviceId: `lamp-${target}`, data: String(index) }));

        const results = await resultsOf(pod.callback, ...lines);

        expect(results.map(({ deviceId }) => deviceId)).toEqual(lines.map(({ deviceId }) => deviceId));
        for (const [index, device] of devices.entries()) {
          const expected = lines.filter(({ deviceId }) => deviceId === `lamp-${index}`).map(({ data }) => data);
          const frames = await device.received(expected.length);
          expect(frames.map(({ data }) => data.toString())).toEqual(expected);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('counts and times every line as a callback', async () => {
    const pod = await runPod();
    await runDevice(pod);
    await resultsOf(pod.callback, hello, hello, { ...hello, deviceId: 'lamp-2' }, 'nonsense');

    const outcomes = await metrics(pod.admin, 'ws_connect_callbacks_total{');

    expect(outcomes).toEqual({
      'ws_connect_callbacks_total{outcome="delivered"}': 2,
      'ws_connect_callbacks_total{outcome="not-connected"}': 1,
      'ws_connect_callbacks_total{outcome="bad-json"}': 1,
    });
    expect(await metric(pod.admin, 'ws_connect_callback_duration_seconds_count')).toBe(4);
  });
});

describe('a line for many devices', () => {
  it('has one result for each of them, in its order, and harms none by another', async () => {
    const pod = await runPod();
    const lamps = [await runDevice(pod, 'lamp-1'), await runDevice(pod, 'lamp-2')];
    const deviceIds = ['lamp-2', 'no lamp', 'lamp-3', 7, 'lamp-1', 'lamp-2'];

    const results = await resultsOf(pod.callback, { deviceIds, data: 'all' }, hello);

    expect(results).toEqual([
      { deviceId: 'lamp-2', status: 200 },
      { deviceId: 'no lamp', status: 400, code: 'bad-device-id' },
      { deviceId: 'lamp-3', status: 404, code: 'not-connected' },
      { deviceId: null, status: 400, code: 'bad-device-id' },
      { deviceId: 'lamp-1', status: 200 },
      { deviceId: 'lamp-2', status: 200 },
      { deviceId: 'lamp-1', status: 200 },
    ]);
    expect((await lamps[0]!.received(2)).map(({ data }) => data.toString())).toEqual(['all', 'hello']);
    expect((await lamps[1]!.received(2)).map(({ data }) => data.toString())).toEqual(['all', 'all']);
  });

  it('may have a thousand', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const deviceIds = Array.from({ length: 1000 }, () => 'lamp-1');

    const results = await resultsOf(pod.callback, { deviceIds, data: 'x' });

    expect(results.filter(({ status }) => status === 200)).toHaveLength(1000);
    expect(await device.received(1000)).toHaveLength(1000);
  });
});

describe('a batch whose devices are to acknowledge', () => {
  it('says of each line whether it was', async () => {
    const pod = await runPod();
    const good = await runDevice(pod, 'good', ['ws-connect.v1']);
    await runDevice(pod, 'silent', ['ws-connect.v1']);
    await runDevice(pod, 'plain');
    good.socket.on('message', (data: Buffer) => {
      const { type, id } = JSON.parse(data.toString());
      if (type === 'message') good.send(JSON.stringify({ type: 'ack', id }));
    });
    const lines = ['silent', 'good', 'plain'].map((deviceId) => ({ deviceId, data: 'x' }));

    const { results } = await pushBatch(pod.callback, ndjson(lines), { query: '?ack=1&timeoutMs=300' });

    expect(results).toEqual([
      { deviceId: 'silent', status: 504, code: 'ack-timeout' },
      { deviceId: 'good', status: 200 },
      { deviceId: 'plain', status: 422, code: 'no-ack' },
    ]);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="acked"}')).toBe(1);
  });
});

describe('a request that is no batch', () => {
  it.each(['application/json', 'text/x-ndjson', 'application/x-ndjson2', ''])(
    'because its type is %j is a 415 that says which it must be',
    async (type) => {
      const pod = await runPod();

      const { status, headers, json } = await pushBatch(pod.callback, ndjson([hello]), {
        headers: { 'Content-Type': type },
      });

      expect(status).toBe(415);
      expect(headers['accept-post']).toBe('application/x-ndjson');
      expect(json).toMatchObject({ code: 'unsupported-media-type' });
    },
  );

  it.each(['?id=a', '?ack=2', '?ack=1&timeoutMs=0', '?timeoutMs=5', '?x=1'])(
    'because of %s is a 400',
    async (query) => {
      const pod = await runPod();

      const { status, json } = await pushBatch(pod.callback, ndjson([hello]), { query });

      expect(status).toBe(400);
      expect(json).toMatchObject({ code: 'bad-query' });
    },
  );

  it('because it means one connection is a 400', async () => {
    const pod = await runPod();

    const { status, json } = await pushBatch(pod.callback, ndjson([hello]), { headers: { 'If-Match': '"x"' } });

    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'bad-precondition' });
  });

  it.each(['GET', 'PUT'])('because it is a %s is a 405', async (method) => {
    const pod = await runPod();

    const { status, headers } = await ask(pod.callback, '/callback', { method });

    expect(status).toBe(405);
    expect(headers.allow).toContain('POST');
  });

  it('because its path names a device without a name is a 400 as ever', async () => {
    const pod = await runPod();

    const { json } = await push(pod.callback, '', 'x', { 'Content-Type': 'application/x-ndjson' });

    expect(json).toMatchObject({ code: 'bad-device-id' });
  });

  it('because it has no token is a 401, and counted', async () => {
    const token = 'a-token-that-is-long';
    const pod = await runPod({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: token });
    await runDevice(pod);

    const without = await pushBatch(pod.callback, ndjson([hello]));
    const { results } = await pushBatch(pod.callback, ndjson([hello]), {
      headers: { Authorization: `Bearer ${token}` },
    });

    expect(without.status).toBe(401);
    expect(results).toEqual([{ deviceId: 'lamp-1', status: 200 }]);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="no-token"}')).toBe(1);
  });
});
