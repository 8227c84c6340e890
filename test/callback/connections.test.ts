import { describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('GET /connections/DEVICE', () => {
  it('says where the device is and since when', async () => {
    const pod = await runPod({ POD_UID: 'pod-a' });
    const before = new Date().toISOString();
    await runDevice(pod);
    await push(pod.callback, 'lamp-1');

    const { status, headers, json } = await ask(pod.callback, '/connections/lamp-1');
    const { traceId, connectedAt, lastDataAt } = json as Record<string, string>;

    expect(status).toBe(200);
    expect(json).toEqual({
      deviceId: 'lamp-1',
      state: 'registered.active',
      podId: 'pod-a',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      connectedAt: expect.stringMatching(isoTime),
      lastDataAt: expect.stringMatching(isoTime),
    });
    expect(headers.etag).toBe(`"${traceId}"`);
    expect(headers['ws-connect-pod']).toBe(`127.0.0.1:${pod.callbackPort}`);
    expect(connectedAt! >= before && lastDataAt! >= connectedAt!).toBe(true);
  });

  it('takes the time of the connect as its first data', async () => {
    const pod = await runPod();
    await runDevice(pod);

    const { json } = await ask(pod.callback, '/connections/lamp-1');
    const { connectedAt, lastDataAt } = json as Record<string, string>;

    expect(Math.abs(Date.parse(lastDataAt!) - Date.parse(connectedAt!))).toBeLessThanOrEqual(1);
  });

  it('is a 404 for a device that is not connected', async () => {
    const pod = await runPod();

    const { status, json } = await ask(pod.callback, '/connections/lamp-1');

    expect(status).toBe(404);
    expect(json).toMatchObject({ code: 'not-connected' });
  });
});

describe('HEAD /connections/DEVICE', () => {
  it('says the same without a body', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const { headers: got } = await ask(pod.callback, '/connections/lamp-1');

    const { status, headers, body } = await ask(pod.callback, '/connections/lamp-1', { method: 'HEAD' });

    expect(status).toBe(200);
    expect(headers.etag).toBe(got.etag);
    expect(headers['content-type']).toBe(got['content-type']);
    expect(body).toHaveLength(0);
  });

  it('is a 404 for a device that is not connected', async () => {
    const pod = await runPod();

    const { status, body } = await ask(pod.callback, '/connections/lamp-1', { method: 'HEAD' });

    expect(status).toBe(404);
    expect(body).toHaveLength(0);
  });
});

describe('DELETE /connections/DEVICE', () => {
  it('closes the connection with 4503', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const { status } = await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });

    expect(status).toBe(204);
    expect(await device.closed).toMatchObject({ code: 4503, reason: 'kicked' });
  });

  it('is over for callers at once, even when the device answers no close', async () => {
    const pod = await runPod();
    await RawClient.device(pod.device, 'lamp-1');
    await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });

    const again = await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });
    const answer = await push(pod.callback, 'lamp-1');

    expect(again.status).toBe(404);
    expect(answer.status).toBe(404);
  });

  it('is a 404 for a device that is not connected', async () => {
    const pod = await runPod();

    const { status } = await ask(pod.callback, '/connections/lamp-1', { method: 'DELETE' });

    expect(status).toBe(404);
  });
});

describe('DELETE /connections/DEVICE?reason=', () => {
  const remove = (callback: string, query: string, headers: Record<string, string> = {}) =>
    ask(callback, `/connections/lamp-1${query}`, { method: 'DELETE', headers });

  it.each([
    ['', 4503, 'kicked'],
    ['?reason=kicked', 4503, 'kicked'],
    ['?reason=superseded', 4509, 'superseded'],
    ['?other=x', 4503, 'kicked'],
  ])('%s closes with %i %s', async (query, code, reason) => {
    const pod = await runPod();
    const device = await runDevice(pod);

    const { status } = await remove(pod.callback, query);

    expect(status).toBe(204);
    expect(await device.closed).toEqual({ code, reason });
  });

  it.each(['?reason=', '?reason=Kicked', '?reason=restarting', '?reason=kicked&reason=superseded', '?reason=toString'])(
    '%s is a 400, and closes nothing',
    async (query) => {
      const pod = await runPod();
      const device = await runDevice(pod);

      const { status, headers, json } = await remove(pod.callback, query);
      await push(pod.callback, 'lamp-1', 'still here');

      expect(status).toBe(400);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(json).toMatchObject({ code: 'bad-reason' });
      expect(await device.received(1)).toHaveLength(1);
    },
  );

  it('is a 400 also for a device that is not connected', async () => {
    const pod = await runPod();

    const { status } = await remove(pod.callback, '?reason=x');

    expect(status).toBe(400);
  });

  it('spares a newer connection than the one it names: 412', async () => {
    const pod = await runPod();
    const first = await runDevice(pod);
    const { headers } = await ask(pod.callback, '/connections/lamp-1');
    const second = await runDevice(pod);
    await first.closed;

    const { status } = await remove(pod.callback, '?reason=superseded', { 'If-Match': headers.etag! });
    await push(pod.callback, 'lamp-1', 'still here');

    expect(status).toBe(412);
    expect(await second.received(1)).toHaveLength(1);
  });
});

it.each(['GET', 'HEAD', 'DELETE'])('%s with an id that is none is a 400', async (method) => {
  const pod = await runPod();
  const paths = ['/connections/', '/connections/..', '/connections/a/b', '/connections/%00', '/connections/{a}'];

  const answers = await Promise.all(paths.map((path) => ask(pod.callback, path, { method })));

  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
});

describe('If-Match', () => {
  const requests = [
    ['POST', '/callback/lamp-1', 200],
    ['GET', '/connections/lamp-1', 200],
    ['HEAD', '/connections/lamp-1', 200],
    ['DELETE', '/connections/lamp-1', 204],
  ] as const;

  it.each(requests)('of another connection makes %s %s a 412', async (method, path) => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const headers = { 'If-Match': `"${'0'.repeat(32)}"` };

    const { status, headers: answered } = await ask(pod.callback, path, { method, headers });
    await push(pod.callback, 'lamp-1', 'next');

    expect(status).toBe(412);
    expect(answered['content-type']).toBe('application/problem+json');
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
  });

  it.each(requests)('of this connection lets %s %s pass', async (method, path, expected) => {
    const pod = await runPod();
    await runDevice(pod);
    const { headers: got } = await ask(pod.callback, '/connections/lamp-1');

    const { status } = await ask(pod.callback, path, { method, headers: { 'If-Match': got.etag! } });

    expect(status).toBe(expected);
  });

  it.each([
    ['*', 200],
    ['"x", ETAG', 200],
    ['"x",ETAG,"y"', 200],
    ['"x", "y"', 412],
    ['W/ETAG', 412],
    ['TRACEID', 400],
  ])('%s is a %i', async (template, expected) => {
    const pod = await runPod();
    await runDevice(pod);
    const { headers } = await ask(pod.callback, '/connections/lamp-1');
    const etag = headers.etag!;
    const value = template.replace('ETAG', etag).replace('TRACEID', etag.slice(1, -1));

    const { status, json } = await push(pod.callback, 'lamp-1', 'x', { 'If-Match': value });

    expect(status).toBe(expected);
    expect((json as { code?: string }).code).toBe({ 400: 'bad-precondition', 412: 'other-connection' }[expected]);
  });

  it('for a device that is not connected is a 404', async () => {
    const pod = await runPod();

    const { status } = await push(pod.callback, 'lamp-1', 'x', { 'If-Match': '"x"' });

    expect(status).toBe(404);
  });
});
