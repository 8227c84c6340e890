import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice } from '../support/running.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

describe('a callback to a pod that does not hold the device', () => {
  it.each([
    ['every byte value', 'application/octet-stream', everyByte, true],
    ['nothing', 'application/octet-stream', Buffer.alloc(0), true],
    ['65,536 bytes', 'image/png', Buffer.alloc(65_536, everyByte), true],
    ['text', 'text/plain; charset=utf-8', Buffer.from('ä€😀'), false],
    ['JSON', 'application/json', Buffer.from('{ "a": 1.0 }'), false],
  ])('reaches it on the other pod byte for byte: %s', async (_what, type, body, binary) => {
    const { near, far } = await runTwoPods(redis);
    const device = await runRegistered(far, 'lamp-1');

    const { status } = await push(near.callback, 'lamp-1', body, { 'Content-Type': type });
    const [frame] = await device.received(1);

    expect(status).toBe(200);
    expect(frame!.binary).toBe(binary);
    expect(frame!.data.equals(body)).toBe(true);
  });

  it('is answered with what the owner says, and where to go next time', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const viaNear = await push(near.callback, 'lamp-1');
    const direct = await push(`http://${viaNear.headers['ws-connect-pod'] as string}`, 'lamp-1');

    expect(viaNear.headers['ws-connect-pod']).toBe(`127.0.0.3:${far.callbackPort}`);
    expect(viaNear.headers['content-type']).toBe(direct.headers['content-type']);
    expect(viaNear.headers.etag).toBe(direct.headers.etag);
    expect(viaNear.json).toEqual(direct.json);
  });

  it('is counted by the one as forwarded and by the other as delivered', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');
    await push(near.callback, 'lamp-1');

    const counts = await Promise.all([
      metric(near.admin, 'ws_connect_callbacks_total{outcome="forwarded"}'),
      metric(far.admin, 'ws_connect_callbacks_total{outcome="delivered"}'),
    ]);

    expect(counts).toEqual([1, 1]);
  });

  it('takes the same way when the type of a text does not fit: 400', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const { status, headers, json } = await push(near.callback, 'lamp-1', Buffer.from([0xff]), {
      'Content-Type': 'text/plain',
    });

    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({ code: 'invalid-text' });
  });

  it('carries If-Match to the owner: 412 for another connection, 200 for this one', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');
    const { headers } = await ask(near.callback, '/connections/lamp-1');

    const other = await push(near.callback, 'lamp-1', 'x', { 'If-Match': '"other"' });
    const same = await push(near.callback, 'lamp-1', 'x', { 'If-Match': headers.etag! });

    expect(other.status).toBe(412);
    expect(other.json).toMatchObject({ code: 'other-connection' });
    expect(same.status).toBe(200);
  });

  it('is not forwarded a second time: 409, and says where the device is', async () => {
    const { near, far } = await runTwoPods(redis);
    const device = await runRegistered(far, 'lamp-1');

    const { status, headers, json } = await push(near.callback, 'lamp-1', 'x', { 'Ws-Connect-Hop': '1' });
    await push(far.callback, 'lamp-1', 'next');

    expect(status).toBe(409);
    expect(headers['ws-connect-pod']).toBe(`127.0.0.3:${far.callbackPort}`);
    expect(json).toMatchObject({ code: 'moved' });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it('is the 404 of a pod that does not have it either, and goes no further', async () => {
    const { near, far, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.3', port: far.callbackPort, podId: far.podId });

    const { status, headers, json } = await push(near.callback, 'lamp-1');

    expect(status).toBe(404);
    expect(headers['ws-connect-pod']).toBe(`127.0.0.3:${far.callbackPort}`);
    expect(json).toMatchObject({ code: 'not-connected' });
  });

  it('that carries the hop header is delivered to a device that is here', async () => {
    const { near } = await runTwoPods(redis);
    await runRegistered(near, 'lamp-1');

    const { status } = await push(near.callback, 'lamp-1', 'x', { 'Ws-Connect-Hop': '1' });

    expect(status).toBe(200);
  });
});

describe('the probe and the kick', () => {
  it('GET asks the owner', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const viaNear = await ask(near.callback, '/connections/lamp-1');
    const direct = await ask(far.callback, '/connections/lamp-1');

    expect(viaNear.status).toBe(200);
    expect(viaNear.json).toMatchObject({
      ...(direct.json as object),
      lastDataAt: expect.any(String),
      connectedAt: expect.any(String),
    });
    expect(viaNear.headers.etag).toBe(direct.headers.etag);
    expect(viaNear.headers['ws-connect-pod']).toBe(`127.0.0.3:${far.callbackPort}`);
  });

  it('HEAD asks the owner', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');
    const direct = await ask(far.callback, '/connections/lamp-1', { method: 'HEAD' });

    const viaNear = await ask(near.callback, '/connections/lamp-1', { method: 'HEAD' });

    expect(viaNear.status).toBe(200);
    expect(viaNear.body).toHaveLength(0);
    expect(viaNear.headers.etag).toBe(direct.headers.etag);
    expect([undefined, direct.headers['content-length']]).toContain(viaNear.headers['content-length']);
  });

  it('DELETE lets the owner close the connection', async () => {
    const { near, far } = await runTwoPods(redis);
    const device = await runRegistered(far, 'lamp-1');

    const { status, body } = await ask(near.callback, '/connections/lamp-1', { method: 'DELETE' });

    expect(status).toBe(204);
    expect(body).toHaveLength(0);
    expect(await device.closed).toMatchObject({ code: 4503 });
  });

  it.each(['GET', 'HEAD', 'DELETE'])('%s carries If-Match', async (method) => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const { status } = await ask(near.callback, '/connections/lamp-1', { method, headers: { 'If-Match': '"other"' } });

    expect(status).toBe(412);
  });

  it.each(['GET', 'HEAD', 'DELETE'])('%s is not forwarded a second time', async (method) => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const headers = { 'Ws-Connect-Hop': '1' };
    const { status } = await ask(near.callback, '/connections/lamp-1', { method, headers });

    expect(status).toBe(409);
  });
});

describe('a device that goes to another pod', () => {
  it('is reached there from either pod, and the first connection is closed with 4509', async () => {
    const { near, far } = await runTwoPods(redis, { LEASE_TTL_MS: '600' });
    const first = await runRegistered(near, 'lamp-1');
    const second = await runRegistered(far, 'lamp-1');

    const closed = await first.closed;
    const answers = await Promise.all([push(near.callback, 'lamp-1'), push(far.callback, 'lamp-1')]);

    expect(closed).toEqual({ code: 4509, reason: 'superseded' });
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await second.received(2)).toHaveLength(2);
  });

  it('is found once it is there, and not before', async () => {
    const { near, far } = await runTwoPods(redis);
    const first = await runRegistered(near, 'lamp-1');
    await first.close();
    const before = await push(far.callback, 'lamp-1');
    await runDevice(far, 'lamp-1');

    const after = await push(far.callback, 'lamp-1');

    expect([before.status, after.status]).toEqual([404, 200]);
  });
});
