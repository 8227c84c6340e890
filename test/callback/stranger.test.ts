import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proofHeader, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { ask, metrics, push } from '../support/ask.ts';
import { ndjson, pushBatch } from '../support/batch.ts';
import { runRegistered, runTwoPods, stranger } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice } from '../support/running.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const tokens = ['the-first-S3cret-token', 'the-second-S3cret-token'];
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const likeAPod: RequestListener = (_request, response) => {
  const body = { deviceId: 'lamp-1', traceId: '0'.repeat(32), podId: 'dead', outcome: 'delivered' };
  response.setHeader('ETag', `"${body.traceId}"`).setHeader('Ws-Connect-Pod', '127.0.0.4:1');
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
};

const resultsLikeAPod: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.end(ndjson([{ deviceId: 'lamp-1', status: 200 }]));
};

const echo: RequestListener = ({ headers }, response) => {
  const { authorization = '', 'content-length': _, ...others } = headers;
  for (const [name, value] of Object.entries(others)) response.setHeader(name, value!);
  response.setHeader('Authorization', authorization);
  response.setHeader(proofHeader, authorization.replace('Bearer ', '') || '127.0.0.4').end();
};

const strangers: [string, RequestListener][] = [
  ['200 and a page', (_request, response) => response.setHeader('Content-Type', 'text/html').end('<html>')],
  ['200 as a pod would', likeAPod],
  ['results as a pod would', resultsLikeAPod],
  ['404', (_request, response) => response.writeHead(404).end('not found')],
  ['204', (_request, response) => response.writeHead(204).end()],
  ['401', (_request, response) => response.writeHead(401).end()],
  ['500', (_request, response) => response.writeHead(500).end()],
  ['all headers of the request', echo],
  ['another protocol', ({ socket }) => socket.end('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')],
];

const modes: [string, Record<string, string>, Record<string, string>][] = [
  ['without tokens', {}, {}],
  ['with tokens', { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: tokens.join(',') }, bearer(tokens[1]!)],
];

/** Two pods, and an entry for lamp-1 that names a dead pod where the stranger is now. */
async function runPods(answer: RequestListener, env: Record<string, string>, headers: Record<string, string>) {
  const pods = await runTwoPods(redis, env, undefined, headers);
  const other = await stranger(answer);
  await pods.own('lamp-1', { ...other, podId: 'dead' });
  return { ...pods, other };
}

describe.each(modes)('a program that has the address of a dead pod, %s', (_mode, env, headers) => {
  const runPodAndStranger = (answer: RequestListener) => runPods(answer, env, headers);

  it.each(strangers)('is not the owner when it answers with %s', async (_what, answer) => {
    const { near, other } = await runPodAndStranger(answer);
    const request = (method: string) => ask(near.callback, '/connections/lamp-1', { method, headers });

    const answers = [
      await push(near.callback, 'lamp-1', 'x', headers),
      await push(near.callback, 'lamp-1?ack=1', 'x', headers),
      await request('GET'),
      await request('HEAD'),
      await request('DELETE'),
    ];
    const { results } = await pushBatch(near.callback, ndjson([{ deviceId: 'lamp-1', data: 'x' }]), { headers });

    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    const codes = answers.map(({ json }) => (json as { code: string } | undefined)?.code);
    expect(new Set(codes)).toEqual(new Set(['owner-unreachable', undefined])); // nothing comes with HEAD
    expect(results).toEqual([{ deviceId: 'lamp-1', status: 503, code: 'owner-unreachable' }]);
    expect(other.requests).toHaveLength(6);
  });

  it('does not become the owner by the proof of another pod', async () => {
    const { near, far } = await runPodAndStranger(({ headers: { authorization } }, response) => {
      const pod = { podId: far.podId, serverIp: '127.0.0.3', port: far.callbackPort };
      response.setHeader(proofHeader, authorization ? proofOf(tokens[0]!, pod) : far.podId).end();
    });

    const { status, json } = await push(near.callback, 'lamp-1', 'x', headers);

    expect(status).toBe(503);
    expect(json).toMatchObject({ code: 'owner-unreachable' });
  });

  it.each([
    [204, 'unanswered'],
    [404, 'unanswered'],
    [401, 'refused'],
  ])('is not the pod that a device has left when it answers with %i', async (status, result) => {
    const { near } = await runPodAndStranger((_request, response) => response.writeHead(status).end());

    await runRegistered(near, 'lamp-1', headers);
    const counted = await until(async () => {
      const series = await metrics(near.admin, 'ws_connect_takeovers_total{');
      return Object.keys(series).length > 0 && series;
    });

    expect(counted).toEqual({ [`ws_connect_takeovers_total{result="${result}"}`]: 1 });
  });

  it('is told of in the log', async () => {
    const { near, other } = await runPodAndStranger((_request, response) => response.end());
    await push(near.callback, 'lamp-1', 'x', headers);

    const line = await near.logged('another program answered at the address of the owner');

    expect(line).toMatchObject({ level: 40, owner: `127.0.0.4:${other.port}`, ownerPodId: 'dead' });
    expect(JSON.stringify(near.logs)).not.toContain(tokens[0]);
  });

  it('does not stand in the way of the pod that has the address now', async () => {
    const { near, far, own } = await runTwoPods(redis, env, undefined, headers);
    await runRegistered(far, 'lamp-2', headers);
    await own('lamp-1', { serverIp: '127.0.0.3', port: far.callbackPort, podId: 'dead' });
    const lines = ['lamp-1', 'lamp-2'].map((deviceId) => ({ deviceId, data: 'x' }));

    const { results } = await pushBatch(near.callback, ndjson(lines), { headers });

    expect(results).toEqual([
      { deviceId: 'lamp-1', status: 503, code: 'owner-unreachable' },
      { deviceId: 'lamp-2', status: 200 },
    ]);
  });
});

it('a program that has the address of a dead pod is shown nothing by which a pod could be asked', async () => {
  const [, [, env, headers]] = modes as [unknown, (typeof modes)[number]];
  const { near, far, other } = await runPods(echo, env, headers);
  const shown = () => other.requests.map((request) => request.headers.authorization);
  await push(near.callback, 'lamp-1', 'x', headers);
  await ask(near.callback, '/connections/lamp-1', { method: 'DELETE', headers });
  await pushBatch(near.callback, ndjson([{ deviceId: 'lamp-1', data: 'x' }]), { headers });
  await runDevice(near, 'lamp-1');
  await until(() => shown().length === 4);

  const asked = shown().flatMap((Authorization = '') =>
    [near, far].map(({ callback }) => ask(callback, '/connections/lamp-1', { headers: { Authorization } })),
  );
  const statuses = (await Promise.all(asked)).map(({ status }) => status);

  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(shown().join()).not.toMatch(tokens.join('|'));
});
