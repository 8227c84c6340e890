import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('/connections/DEVICE', () => {
  it('has all that is known of a connection', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '50', POD_UID: 'pod-a' });
    const device = await EnvelopeDevice.run(pod, 'lamp-1');
    await push(pod.callback, 'lamp-1', 'x'.repeat(1000));
    await device.heard('message');

    const found = await until(async () => {
      const { json } = await ask(pod.admin, '/connections/lamp-1');
      return (json as { state: string }).state === 'registered.idle' && (json as Record<string, unknown>);
    });

    expect(found).toMatchObject({
      deviceId: 'lamp-1',
      podId: 'pod-a',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      subprotocol: 'ws-connect.v1',
      cause: 'connection.idle',
      bytes: { waiting: 0 },
    });
    const { received, sent } = found['bytes'] as { received: number; sent: number };
    expect(received).toBeGreaterThan(100); // the handshake
    expect(sent).toBeGreaterThan(1000);
    expect(Date.parse(String(found['since']))).toBeGreaterThan(Date.parse(String(found['connectedAt'])));
    const next = found['next'] as { what: string; at: string }[];
    expect(next.map(({ what }) => what).sort()).toEqual(['ping', 'refresh', 'silent']);
    expect(next.map(({ at }) => at)).toEqual(next.map(({ at }) => at).sort());
  });

  it('says which pod holds a device that is not here', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'lamp-1');

    const { status, json } = await ask(near.admin, '/connections/lamp-1');

    expect(status).toBe(200);
    expect(json).toEqual({
      deviceId: 'lamp-1',
      owner: {
        serverIp: '127.0.0.3',
        port: far.callbackPort,
        podId: expect.any(String),
        traceId: expect.any(String),
      },
    });
  });

  it('is answered 404 when the registry still names this pod, or one that was at its address before', async () => {
    const { near, own } = await runTwoPods(redis, { POD_UID: '' });
    const podId = String((await near.logged('ready'))['podId']);
    await own('lamp-1', { serverIp: '127.0.0.2', port: near.callbackPort, podId: 'a-former-one' });
    await own('lamp-2', { serverIp: '127.0.0.9', port: 1, podId });

    const answers = [await ask(near.admin, '/connections/lamp-1'), await ask(near.admin, '/connections/lamp-2')];

    for (const answer of answers) expect(answer).toMatchObject({ status: 404, json: { code: 'not-connected' } });
  });

  it.each([
    ['lamp-1', 404, 'not-connected'],
    ['a%20b', 400, 'bad-device-id'],
  ])('of %s, which is nowhere, is answered %i', async (deviceId, status, code) => {
    const pod = await runPod();

    expect(await ask(pod.admin, `/connections/${deviceId}`)).toMatchObject({ status, json: { code } });
    expect(await ask(pod.admin, `/connections/${deviceId}`, { method: 'DELETE' })).toMatchObject({
      status,
      json: { code },
    });
  });

  it('is answered 503 when nobody knows because the registry is away', async () => {
    const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });

    const [device, pods] = await Promise.all(['/connections/lamp-1', '/pods'].map((path) => ask(pod.admin, path)));

    expect(device).toMatchObject({ status: 503, json: { code: 'registry-unavailable' } });
    expect(pods).toMatchObject({ status: 503, json: { code: 'registry-unavailable' } });
  });

  it('closes the connection when it is deleted', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1');

    const { status } = await ask(pod.admin, '/connections/lamp-1', { method: 'DELETE' });

    expect(status).toBe(204);
    expect(await device.closed).toEqual({ code: 4503, reason: 'kicked' });
  });
});

describe('who asks to close a connection', () => {
  it('may mean one certain connection, and closes no other', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1');
    const { json } = await ask(pod.admin, '/connections/lamp-1');
    const kick = (traceId: string) =>
      ask(pod.admin, '/connections/lamp-1', { method: 'DELETE', headers: { 'If-Match': `"${traceId}"` } });

    const other = await kick('0'.repeat(32));
    const isOpen = device.socket.readyState === device.socket.OPEN;
    const own = await kick((json as { traceId: string }).traceId);

    expect(other).toMatchObject({ status: 412, json: { code: 'other-connection' } });
    expect([isOpen, own.status]).toEqual([true, 204]);
  });

  it.each([
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of a sister site', { 'Sec-Fetch-Site': 'same-site' }],
    ['a page of another origin', { Origin: 'http://evil.example' }],
    ['a page of no origin', { Origin: 'null' }],
    ['a picture in whatever page', { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0' }],
  ])('or to drain the pod is refused when it is %s', async (_who, headers) => {
    const pod = await runPod();
    await runDevice(pod, 'lamp-1');

    const answers = [
      await ask(pod.admin, '/connections/lamp-1', { method: 'DELETE', headers }),
      await ask(pod.admin, '/pre-stop', { headers }),
      await ask(pod.admin, '/pre-stop', { method: 'POST', headers }),
    ];

    for (const answer of answers) expect(answer).toMatchObject({ status: 403, json: { code: 'other-origin' } });
    expect((await ask(pod.admin, '/drain')).json).toMatchObject({ phase: 'serving', remaining: 1 });
  });

  it.each(['same-origin', 'none'])('or to drain the pod is heard when its browser says %s', async (site) => {
    const pod = await runPod({ ADMIN_HOSTS: 'pod.example' });
    const headers = { 'Sec-Fetch-Site': site, Host: 'pod.example:8082', Origin: 'http://pod.example:8082' };

    expect((await ask(pod.admin, '/pre-stop', { method: 'POST', headers })).json).toMatchObject({ outcome: 'drained' });
  });
});

describe('/pods', () => {
  it('are all pods of the fleet, the oldest first', async () => {
    const { near, far } = await runTwoPods(redis, { POD_UID: '' });

    const pods = await until(async () => {
      const { json } = await ask(near.admin, '/pods');
      const known = (json as { pods: { serverIp: string; startedAt: string }[] }).pods;
      return known.length === 2 && known;
    });

    expect(pods.map(({ serverIp }) => serverIp).sort()).toEqual(['127.0.0.2', '127.0.0.3']);
    expect(pods.map(({ startedAt }) => startedAt)).toEqual(pods.map(({ startedAt }) => startedAt).sort());
    expect((await ask(far.admin, '/pods')).json).toEqual({ pods });
  });
});
