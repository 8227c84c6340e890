import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hopToken, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import type { createTokenCheck } from '../../src/callback/authenticate.ts';
import { ask, countedCloses, metric, push } from '../support/ask.ts';
import { fakeOwner, runRegistered, runTwoPods, stranger } from '../support/owners.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const first = 'the-first-S3cret-token';
const second = 'the-second-S3cret-token';
const env = { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: `${first},${second}` };
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

describe('what is answered carries the proof of the pod', () => {
  it.each([
    ['the token', (token: string) => token],
    ['the hop token', hopToken],
  ])('made with %s that was shown', async (_what, show) => {
    const pod = await runPod(env);
    const self = { podId: pod.podId, serverIp: '127.0.0.1', port: pod.callbackPort };
    const headers = bearer(show(second, self));

    const answers = await Promise.all([
      ask(pod.callback, '/connections/lamp-1', { headers }),
      ask(pod.callback, '/nowhere', { headers }),
      ask(pod.callback, '/callback', {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/x-ndjson' },
      }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 200]);
    for (const answer of answers) expect(answer.headers['ws-connect-proof']).toBe(proofOf(second, self));
  });

  it('but not to one who has shown no token', async () => {
    const pod = await runPod(env);

    const answers = [
      await ask(pod.callback, '/connections/lamp-1'),
      await ask(pod.callback, '/connections/lamp-1', { headers: bearer('unknown-token-of-nobody') }),
    ];

    for (const { status, headers } of answers) {
      expect(status).toBe(401);
      expect(headers).not.toHaveProperty('ws-connect-proof');
    }
  });

  it('which is its podId where no token is asked for', async () => {
    const pod = await runPod();

    const { headers } = await ask(pod.callback, '/connections/lamp-1');

    expect(headers['ws-connect-proof']).toBe(pod.podId);
  });
});

describe('with CALLBACK_AUTH=bearer', () => {
  it.each([first, second])('any of the tokens will do', async (token) => {
    const pod = await runPod(env);
    const device = await runDevice(pod);

    const { status } = await push(pod.callback, 'lamp-1', 'x', bearer(token));

    expect(status).toBe(200);
    expect(await device.received(1)).toHaveLength(1);
  });

  it.each([
    ['no header', {}, 'no-token', 'Bearer realm="ws-connect"'],
    ['another scheme', { Authorization: 'Basic YTpi' }, 'no-token', 'Bearer realm="ws-connect"'],
    ['an unknown token', bearer(`${first}x`), 'bad-token', 'Bearer realm="ws-connect", error="invalid_token"'],
    ['a part of a token', bearer(first.slice(0, -1)), 'bad-token', 'Bearer realm="ws-connect", error="invalid_token"'],
  ])('nothing is delivered with %s', async (_what, headers, code, challenge) => {
    const pod = await runPod(env);
    const device = await runDevice(pod);

    const answer = await push(pod.callback, 'lamp-1', 'refused', headers);
    await push(pod.callback, 'lamp-1', 'taken', bearer(first));

    expect(answer).toMatchObject({ status: 401, json: { status: 401, code } });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['www-authenticate']).toBe(challenge);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('taken') }]);
    expect(await metric(pod.admin, `ws_connect_callbacks_total{outcome="${code}"}`)).toBe(1);
  });

  it.each([
    ['GET', '/connections/lamp-1'],
    ['HEAD', '/connections/lamp-1'],
    ['DELETE', '/connections/lamp-1'],
    ['DELETE', '/connections/lamp-1?reason=superseded'],
    ['GET', '/callback/lamp-1'],
    ['OPTIONS', '/callback/lamp-1'],
    ['POST', '/callback'],
    ['GET', '/nowhere'],
  ])('%s %s is answered 401 without a token', async (method, path) => {
    const pod = await runPod(env);
    const device = await runDevice(pod);

    const { status } = await ask(pod.callback, path, { method });

    expect(status).toBe(401);
    expect(device.socket.readyState).toBe(device.socket.OPEN);
  });

  it('the kubelet needs no token on the admin side', async () => {
    const pod = await runPod(env);

    const { status } = await ask(pod.admin, '/livez');

    expect(status).toBe(200);
  });

  it('a caller who is still sending gets the answer, and no reset', async () => {
    const pod = await runPod(env);
    const client = await RawClient.connect(pod.callback);
    const size = 4_000_000;
    client.send(requestHead('POST', '/callback/lamp-1', { 'Content-Length': String(size), Connection: 'close' }));
    client.send(Buffer.alloc(size));

    const { status } = await client.answer();

    expect(status).toBe(401);
    expect(client.error).toBeUndefined();
  });
});

it('without CALLBACK_AUTH a token that comes is not looked at', async () => {
  const pod = await runPod();
  await runDevice(pod);

  const { status } = await push(pod.callback, 'lamp-1', 'x', bearer('whatever'));

  expect(status).toBe(200);
});

describe('a comparison of tokens', () => {
  const pod = { podId: 'pod', serverIp: '10.0.0.7', port: 8081 };
  const compared: unknown[][] = [];
  let createCheck: typeof createTokenCheck;

  beforeAll(async () => {
    vi.resetModules();
    vi.doMock('node:crypto', async (importOriginal) => {
      const crypto = await importOriginal<typeof import('node:crypto')>();
      const timingSafeEqual: typeof crypto.timingSafeEqual = (a, b) => {
        compared.push([a.byteLength, b.byteLength]);
        return crypto.timingSafeEqual(a, b);
      };
      return { ...crypto, timingSafeEqual };
    });
    createCheck = (await import('../../src/callback/authenticate.ts')).createTokenCheck;
  });
  afterAll(() => {
    vi.doUnmock('node:crypto');
    vi.resetModules();
  });

  it.each([
    [first, proofOf(first, pod)],
    [second, proofOf(second, pod)],
    [hopToken(first, pod), proofOf(first, pod)],
    [hopToken(second, pod), proofOf(second, pod)],
    [hopToken(first, { ...pod, podId: 'other' }), undefined],
    [hopToken(first, { ...pod, serverIp: '10.0.0.8' }), undefined],
    [proofOf(first, pod), undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('takes as many steps of one length for %j', (token, proof) => {
    const check = createCheck([first, second], { ...pod, port: () => pod.port });
    compared.length = 0;

    const found = check(token);

    expect(found).toBe(proof);
    expect(compared).toEqual([
      [32, 32],
      [32, 32],
      [32, 32],
      [32, 32],
    ]);
  });
});

describe('between pods that ask for tokens', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  let rotations = 0;
  const fleetAt = (host: string, prefix: string) => ({
    REDIS_URL: redis.url,
    REDIS_PREFIX: prefix,
    HOST: host,
    POD_IP: host,
  });

  /** Two pods, and what a service shows to them. */
  const runPods = (tokens: string) => runTwoPods(redis, { CALLBACK_TOKENS: tokens });

  it('a callback, a probe and a kick are forwarded', async () => {
    const { near, far } = await runTwoPods(redis, env, undefined, bearer(second));
    const device = await runRegistered(far, 'lamp-1', bearer(second));

    const pushed = await push(near.callback, 'lamp-1', 'x', bearer(second));
    const probed = await ask(near.callback, '/connections/lamp-1', { headers: bearer(second) });
    const kicked = await ask(near.callback, '/connections/lamp-1', { method: 'DELETE', headers: bearer(second) });

    expect([pushed.status, probed.status, kicked.status]).toEqual([200, 200, 204]);
    expect(await device.closed).toMatchObject({ code: 4503 });
  });

  it('no token goes further than the pod it was shown to: the owner gets one derived from the first, for itself alone', async () => {
    const { near, own } = await runTwoPods(redis, env, undefined, bearer(second));
    const owner = await fakeOwner((_request, response) => response.end());
    await own('lamp-1', owner);

    await push(near.callback, 'lamp-1', 'x', bearer(second));

    expect(owner.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${hopToken(first, owner)}`]);
  });

  it('a device that changes pods is closed on the old one at once', async () => {
    const { near, far } = await runTwoPods(redis, env, undefined, bearer(second));
    const device = await runRegistered(near, 'lamp-1', bearer(second));
    await runDevice(far, 'lamp-1');

    const { code } = await device.closed;

    expect(code).toBe(4509);
    expect(await countedCloses([near], 1)).toEqual({ '4509 superseded': 1 });
    expect(await until(() => metric(far.admin, 'ws_connect_takeovers_total{result="closed"}'))).toBe(1);
  });

  it('tokens derived from them are shown already while nobody asks for them, so that asking can begin pod by pod', async () => {
    const { near, own } = await runPods(first);
    const owner = await fakeOwner((_request, response) => response.end());
    await own('lamp-1', owner);

    await push(near.callback, 'lamp-1');

    expect(owner.requests[0]!.headers.authorization).toBe(`Bearer ${hopToken(first, owner)}`);
  });

  it.each([
    ['nobody has tokens, and the first begins to show them', [], ['none', first]],
    ['the first asks for tokens that the others show', ['none', first], ['bearer', first]],
    ['the first knows a new token', ['bearer', first], ['bearer', `${first},${second}`]],
    ['the first shows the new token', ['bearer', `${first},${second}`], ['bearer', `${second},${first}`]],
    ['the first forgets the old token', ['bearer', `${second},${first}`], ['bearer', second]],
  ])('both ways go on when %s', async (_what, before, after) => {
    const prefix = `rotation-${(rotations += 1)}`;
    const start = (host: string, [auth = 'none', tokens = '']: string[]) =>
      runPod({ ...fleetAt(host, prefix), CALLBACK_AUTH: auth, CALLBACK_TOKENS: tokens });
    const pods = [await start('127.0.0.2', before), await start('127.0.0.3', after)] as const;
    const shown = bearer(before[1] === first ? first : second);
    await runRegistered(pods[0], 'lamp-0', shown);
    await runRegistered(pods[1], 'lamp-1', shown);

    const answers = [
      await push(pods[0].callback, 'lamp-1', 'x', shown),
      await push(pods[1].callback, 'lamp-0', 'x', shown),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('a pod that shows a token which another does not know yet is answered, but does not answer for it', async () => {
    const prefix = `rotation-${(rotations += 1)}`;
    const start = (host: string, tokens: string) =>
      runPod({ ...fleetAt(host, prefix), CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: tokens });
    const [early, late] = [await start('127.0.0.2', `${second},${first}`), await start('127.0.0.3', first)];
    await runRegistered(early, 'early', bearer(first));
    await runRegistered(late, 'late', bearer(first));

    const toLate = await push(early.callback, 'late', 'x', bearer(first));
    const toEarly = await push(late.callback, 'early', 'x', bearer(first));

    expect(toLate).toMatchObject({ status: 503, json: { code: 'owner-unreachable' } });
    expect(toEarly.status).toBe(200);
  });

  it('the caller is not blamed when the owner does not know the token of the pod', async () => {
    const { near, own } = await runPods(first);
    const owner = await stranger((_request, response) => response.writeHead(401).end());
    await own('lamp-1', owner);

    const { status, json, headers } = await push(near.callback, 'lamp-1');

    expect(status).toBe(503);
    expect(json).toMatchObject({ code: 'owner-unreachable' });
    expect(headers).not.toHaveProperty('www-authenticate');
    await near.logged(
      'the owner does not know the token of this pod: CALLBACK_TOKENS differ, or another program has the address of the owner',
    );
    expect(JSON.stringify(near.logs)).not.toContain(first);
  });
});
