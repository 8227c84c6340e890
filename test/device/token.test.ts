import { createHash, createHmac, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { frame, handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { codeOf, inSeconds, jwtEnv, knock, runKnownDevice, secret, tokenFor } from '../support/tokens.ts';
import { until } from '../support/until.ts';

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A proper token but for its header. */
function signed(header: object): string {
  const text = `${base64(header)}.${base64({ sub: 'lamp-1', exp: inSeconds(60) })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

describe('with DEVICE_AUTH=jwt a device', () => {
  it('with a token of its own is let in, and is reached', async () => {
    const pod = await runPod(jwtEnv);
    const device = await runKnownDevice(pod, 'lamp-1', await tokenFor('lamp-1'));

    const { status } = await push(pod.callback, 'lamp-1');

    expect(status).toBe(200);
    expect(await device.received(1)).toHaveLength(1);
  });

  it('without a token is told that one is wanted', async () => {
    const pod = await runPod(jwtEnv);

    const answer = await knock(pod, undefined);

    expect(answer).toMatchObject({ status: 401, headers: { 'content-type': 'application/problem+json' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="ws-connect"');
    expect(codeOf(answer)).toBe('no-token');
  });

  it.each(['Basic bGFtcC0xOnB3', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer ä', 'Token abc.def.ghi'])(
    'with the header %j has no token',
    async (authorization) => {
      const pod = await runPod(jwtEnv);

      const answer = await knock(pod, undefined, { Authorization: authorization });

      expect([answer.status, codeOf(answer)]).toEqual([401, 'no-token']);
    },
  );

  it.each([
    ['made with another secret', () => tokenFor('lamp-1', { key: createSecretKey(Buffer.alloc(32, 'x')) })],
    ['without an end', () => tokenFor('lamp-1', { claims: { exp: undefined } })],
    ['without a subject', () => tokenFor('lamp-1', { claims: { sub: undefined } })],
    ['whose end is no number', () => tokenFor('lamp-1', { claims: { exp: '4102444800' } })],
    ['that is not valid yet', () => tokenFor('lamp-1', { claims: { nbf: inSeconds(60) } })],
    [
      'by HS512 with the right secret',
      () => tokenFor('lamp-1', { header: { alg: 'HS512' }, key: createSecretKey(Buffer.from(secret)) }),
    ],
    ['with an extension nobody knows', () => signed({ alg: 'HS256', crit: ['x'], x: 1 })],
    ['whose header says none over a good signature', () => signed({ alg: 'none' })],
    ['signed by nobody', () => `${base64({ alg: 'none' })}.${base64({ sub: 'lamp-1', exp: inSeconds(60) })}.`],
    ['of one part', () => 'lamp-1'],
    ['of five parts', () => 'a.b.c.d.e'],
    ['whose parts are no JSON', () => 'eA.eA.eA'],
    [
      'by RS256, whatever the key',
      () => {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        return tokenFor('lamp-1', { header: { alg: 'RS256' }, key: privateKey });
      },
    ],
  ])('with a token %s is told that it is bad', async (_what, make) => {
    const pod = await runPod(jwtEnv);

    const answer = await knock(pod, await make());

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="ws-connect", error="invalid_token"');
  });

  it('with a token of its own that somebody changed is told that it is bad', async () => {
    const pod = await runPod(jwtEnv);
    const [header, , signature] = (await tokenFor('lamp-2')).split('.');

    const answer = await knock(pod, `${header}.${base64({ sub: 'lamp-1', exp: inSeconds(60) })}.${signature}`);

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
  });

  it('with a token that has expired is told so', async () => {
    const pod = await runPod(jwtEnv);

    const answer = await knock(pod, await tokenFor('lamp-1', { claims: { exp: inSeconds(-10) } }));

    expect([answer.status, codeOf(answer)]).toEqual([401, 'token-expired']);
  });

  it('may have a clock 5 s beside that of the pod', async () => {
    const pod = await runPod(jwtEnv);
    const early = await tokenFor('lamp-1', { claims: { nbf: inSeconds(3) } });
    const late = await tokenFor('lamp-1', { claims: { exp: inSeconds(-3) } });

    const answers = [await knock(pod, early), await knock(pod, late)];

    expect(answers.map(({ status }) => status)).toEqual([101, 101]);
  });

  it('with the token of another device is not allowed', async () => {
    const pod = await runPod(jwtEnv);

    const answer = await knock(pod, await tokenFor('lamp-2'));

    expect([answer.status, codeOf(answer)]).toEqual([403, 'identity-not-allowed']);
  });

  it.each([
    [{ iss: 'us', aud: 'fleet' }, 101],
    [{ iss: 'us', aud: ['other', 'fleet'] }, 101],
    [{ iss: 'them', aud: 'fleet' }, 401],
    [{ iss: 'us', aud: 'other' }, 401],
    [{ iss: 'us' }, 401],
    [{ aud: 'fleet' }, 401],
  ])('whose token has the claims %j is answered %i', async (claims, expected) => {
    const pod = await runPod({ ...jwtEnv, DEVICE_JWT_ISSUER: 'us', DEVICE_JWT_AUDIENCE: 'fleet' });

    const { status } = await knock(pod, await tokenFor('lamp-1', { claims }));

    expect(status).toBe(expected);
  });

  it('that is refused is counted by the code', async () => {
    const pod = await runPod(jwtEnv);
    await knock(pod, undefined);
    await knock(pod, await tokenFor('lamp-2'));

    const counts = await Promise.all(
      ['no-token', 'identity-not-allowed'].map((code) =>
        metric(pod.admin, `ws_connect_connects_total{result="${code}"}`),
      ),
    );

    expect(counts).toEqual([1, 1]);
  });
});

describe('a token among the subprotocols', () => {
  it('lets a browser in, which hears of the other one and not of the token', async () => {
    const pod = await runPod(jwtEnv);

    const device = await runDevice(pod, 'lamp-1', [`bearer.${await tokenFor('lamp-1')}`, 'ws-connect.plain']);

    expect(device.socket.protocol).toBe('ws-connect.plain');
  });

  it('is not echoed when it is the only one', async () => {
    const pod = await runPod(jwtEnv);

    const answer = await knock(pod, undefined, { 'Sec-WebSocket-Protocol': `bearer.${await tokenFor('lamp-1')}` });

    expect(answer.status).toBe(101);
    expect(answer.headers).not.toHaveProperty('sec-websocket-protocol');
  });

  it('is checked like one in the header', async () => {
    const pod = await runPod(jwtEnv);
    const device = new Device(`ws://${pod.device}/connect?deviceId=lamp-1`, ['ws-connect.plain', 'bearer.a.b.c']);

    const refused = await device.opened.catch((error: Error) => error.message);

    expect(refused).toContain('401');
  });

  it('and one in the header are one too many', async () => {
    const pod = await runPod(jwtEnv);
    const token = await tokenFor('lamp-1');

    const answer = await knock(pod, token, { 'Sec-WebSocket-Protocol': `ws-connect.plain, bearer.${token}` });

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
  });

  it('means nothing without authentication, and is not echoed either', async () => {
    const pod = await runPod();

    const device = await runDevice(pod, 'lamp-1', ['bearer.abc', 'ws-connect.plain']);

    expect(device.socket.protocol).toBe('ws-connect.plain');
  });
});

describe('a connection whose token expires', () => {
  it('is closed with 4401, and counted', async () => {
    const pod = await runPod(jwtEnv);
    const device = await runKnownDevice(pod, 'lamp-1', await tokenFor('lamp-1', { claims: { exp: inSeconds(-4) } }));

    const closed = await device.closed;

    expect(closed).toEqual({ code: 4401, reason: 'token-expired' });
    const series = 'ws_connect_closes_total{code="4401",reason="token-expired"}';
    expect(await until(() => metric(pod.admin, series))).toBe(1);
  });

  it('lives until then, and 5 s longer', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({ ...jwtEnv, PONG_TIMEOUT_MS: '86400000' }, undefined, clock);
    const device = await runKnownDevice(pod, 'lamp-1', await tokenFor('lamp-1', { claims: { exp: inSeconds(600) } }));
    await step(clock, 603_000);
    const before = await push(pod.callback, 'lamp-1');

    await step(clock, 3000);
    const { code } = await device.closed;

    expect(before.status).toBe(200);
    expect(code).toBe(4401);
  });

  it('is not the one that took its place with a newer token', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({ ...jwtEnv, PONG_TIMEOUT_MS: '86400000' }, undefined, clock);
    const older = await runKnownDevice(pod, 'lamp-1', await tokenFor('lamp-1', { claims: { exp: inSeconds(60) } }));
    await runKnownDevice(pod, 'lamp-1', await tokenFor('lamp-1', { claims: { exp: inSeconds(6000) } }));
    const { code } = await older.closed;
    await step(clock, 70_000);

    const { status } = await push(pod.callback, 'lamp-1');

    expect(code).toBe(4509);
    expect(status).toBe(200);
  });
});

it('what a device sends while its token is checked is kept', async () => {
  const pod = await runPod(jwtEnv);
  const client = await RawClient.connect(pod.device);
  const authorization = `Bearer ${await tokenFor('lamp-1')}`;
  const head = handshake('/connect?deviceId=lamp-1', { Authorization: authorization });

  client.send(Buffer.concat([Buffer.from(head), frame(9, 'first')]));
  client.send(frame(9, 'second'));
  const { status } = await client.answer();
  const pongs = await client.bytes(2 + 5 + 2 + 6);

  expect(status).toBe(101);
  expect(pongs.toString('latin1')).toBe('\x8a\x05first\x8a\x06second');
});

it('neither a token nor a secret is in any log line, metric or answer', async () => {
  const callbackToken = 'callback-S3cret-token';
  const pod = await runPod({ ...jwtEnv, LOG_LEVEL: 'trace', CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: callbackToken });
  const good = await tokenFor('lamp-1');
  const bad = await tokenFor('lamp-1', { claims: { exp: inSeconds(-60) } });
  await runKnownDevice(pod, 'lamp-1', good);
  const inQuery = await RawClient.connect(pod.device);
  inQuery.send(handshake(`/connect?access_token=${good}&deviceId=..&token=${bad}`));
  const answers = [
    await knock(pod, bad),
    await knock(pod, undefined, { 'Sec-WebSocket-Protocol': `bearer.${bad}` }),
    await knock(pod, good, { 'Sec-WebSocket-Version': '99' }),
    await knock(pod, good, { 'Sec-WebSocket-Protocol': `a,,${secret}` }),
    await inQuery.answer(),
    await push(pod.callback, 'lamp-1', 'x', { Authorization: `Bearer ${callbackToken}x` }),
    await push(pod.callback, 'lamp-1', 'x', { Authorization: `Bearer ${callbackToken}` }),
  ];
  const { body } = await ask(pod.admin, '/metrics');
  await pod.stop();

  const seen = JSON.stringify([pod.logs, answers.map((answer) => [answer.headers, String(answer.body)]), String(body)]);

  const parts = [good, bad].flatMap((token) => token.split('.').slice(1)); // the header is the same for all
  for (const hidden of [secret, callbackToken, ...parts]) expect(seen).not.toContain(hidden);
  expect(seen).not.toContain(createHash('sha256').update(callbackToken).digest('hex'));
  expect(pod.logs.filter(({ msg }) => msg === 'connect refused')).toHaveLength(5);
});

/** Steps the pod's clock so that every round of its clockwork comes. */
async function step(clock: SimulatedClock, ms: number): Promise<void> {
  clock.increment(ms);
  await new Promise(setImmediate);
  clock.increment(50);
  await new Promise(setImmediate);
}
