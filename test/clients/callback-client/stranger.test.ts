import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hopToken, proofHeader, proofOf } from '@ws-connect/callback-client/internal/pod-proof';
import { metric } from '../../support/ask.ts';
import { answerDelivered, answerProblem } from '../../support/callback-answers.ts';
import { runClient, runClientWithEntries } from '../../support/callback-clients.ts';
import { collected } from '../../support/collected.ts';
import { fakeOwner, runRegistered, runTwoPods, stranger } from '../../support/owners.ts';
import type { RedisServer } from '../../support/redis.ts';
import { startRedis } from '../../support/redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const token = 'the-first-S3cret-token';
const bearer = { Authorization: `Bearer ${token}` };
const message = { deviceId: 'lamp-1', body: 'x' };

const answers: [string, RequestListener][] = [
  ['200 and a page', (_, response) => response.setHeader('Content-Type', 'text/html').end('<html>')],
  ['200 as a pod would', (_, response) => answerDelivered(response)],
  ['204', (_, response) => response.writeHead(204).end()],
  ['302', (_, response) => response.writeHead(302, { Location: '/' }).end()],
  ['401', (_, response) => answerProblem(response, 401, 'bad-token')],
  ['404', (_, response) => answerProblem(response, 404, 'not-connected')],
  ['412', (_, response) => answerProblem(response, 412, 'other-connection')],
  ['500', (_, response) => response.writeHead(500).end()],
  [
    'the proof of another pod',
    (_, response) => {
      response.setHeader(proofHeader, 'another');
      answerDelivered(response);
    },
  ],
];

describe.each([
  ['with a token', { token }],
  ['without one', {}],
])('for a service that looks devices up, %s, another program at the address of a dead pod', (_how, options) => {
  it.each(answers)('is no pod when it answers with %s', async (_what, answer) => {
    const other = await stranger(answer);
    // one try each: another that is under way at the deadline would rightly end with an unknown outcome
    const [forSingle, forBatch] = [1, 2].map(() => runClientWithEntries({ ...options, breakerMs: 86_400_000 }));
    for (const { own } of [forSingle!, forBatch!]) own('lamp-1', { ...other, podId: 'dead' });

    const [single, [batched]] = await Promise.all([
      forSingle!.client.send('lamp-1', 'x', { deadlineMs: 1000 }),
      collected(forBatch!.client.batch([message], { deadlineMs: 1000 })),
    ]);

    expect(single).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable' });
    expect(batched).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable' });
    expect(other.requests.map(({ headers }) => headers.authorization).join()).not.toContain(token);
  });

  it('is left alone for a while', async () => {
    const { client, own } = runClientWithEntries({ ...options, breakerMs: 86_400_000 });
    const other = await stranger((_, response) => answerDelivered(response));
    own('lamp-1', { ...other, podId: 'dead' });
    await client.send('lamp-1', 'x', { deadlineMs: 1000 });

    await client.send('lamp-1', 'x', { deadlineMs: 1000 });

    expect(other.requests).toHaveLength(1);
  });
});

describe('a message that another program got instead of a dead pod', () => {
  it('is sent to the pod that has the device by then', async () => {
    const { client, own } = runClientWithEntries();
    const pod = await fakeOwner((_, response) => answerDelivered(response));
    const other = await stranger((_, response) => {
      own('lamp-1', { ...pod, t: 2 });
      response.end();
    });
    own('lamp-1', { ...other, podId: 'dead' });

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'delivered', attempts: 2 });
  });

  it('is sent to the new pod at the same address, although the dead one is left alone', async () => {
    const { client, own } = runClientWithEntries({ breakerMs: 86_400_000 });
    const pod = await fakeOwner((_, response) => {
      own('lamp-1', { ...pod, t: 2 });
      answerDelivered(response);
    });
    own('lamp-1', { ...pod, podId: 'dead' });

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'delivered', attempts: 2 });
  });
});

describe('the token of a service', () => {
  it('is shown to the addresses that its user has named', async () => {
    const pod = await fakeOwner((_, response) => answerDelivered(response));
    const client = runClient({ pods: [`http://${pod.serverIp}:${pod.port}`], token });

    await client.send('lamp-1', 'x');

    expect(pod.requests[0]!.headers.authorization).toBe(`Bearer ${token}`);
  });

  it('is not shown to an address from the registry: what is derived from the token of the moment is', async () => {
    const tokens = ['first-token-of-two', 'second-token-of-two', 'first-token-of-two'];
    const left = [...tokens];
    const { client, own } = runClientWithEntries({ token: () => left.shift()! });
    const pod = await fakeOwner((_, response) => {
      response.setHeader(proofHeader, proofOf(tokens[pod.requests.length - 1]!, pod));
      answerDelivered(response);
    });
    own('lamp-1', pod);

    const results = [];
    for (const _ of tokens) results.push(await client.send('lamp-1', 'x'));

    expect(results.map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(pod.requests.map(({ headers }) => headers.authorization)).toEqual(
      tokens.map((one) => `Bearer ${hopToken(one, pod)}`),
    );
  });

  it('is not shown to the owner that an answer names either, which is asked directly from then on', async () => {
    const env = { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: token };
    const { near, far, prefix } = await runTwoPods(redis, env, undefined, bearer);
    const lookups: string[] = [];
    const get = (key: string) => {
      lookups.push(key);
      return redis.client.get(key);
    };
    const client = runClient({ redis: { get }, prefix, token, cacheMs: 60_000 });
    const old = await runRegistered(far, 'lamp-1', bearer);
    await client.send('lamp-1', '1');
    const moved = await runRegistered(near, 'lamp-1', bearer);
    await old.closed;

    const results = [await client.send('lamp-1', '2'), await client.send('lamp-1', '3')];

    expect(results).toMatchObject([{ outcome: 'delivered' }, { outcome: 'delivered' }]);
    expect(await moved.received(2)).toHaveLength(2);
    expect(lookups).toHaveLength(1);
    expect(await metric(far.admin, 'ws_connect_callbacks_total{outcome="forwarded"}')).toBe(1);
  });
});
