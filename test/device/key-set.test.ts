import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { flood } from '../support/flood.ts';
import { Issuer } from '../support/jwks-server.ts';
import { runPod } from '../support/running.ts';
import { codeOf, knock, tokenFor } from '../support/tokens.ts';
import { until } from '../support/until.ts';

/** A pod whose clock only the test moves, and the issuer it believes. */
async function runWithIssuer(env: Record<string, string> = {}) {
  const issuer = await Issuer.start();
  const clock = new SimulatedClock();
  const start = () => runPod({ ...issuer.env, ...env }, undefined, clock);
  return { issuer, clock, start };
}

const away = [503, 'auth-unavailable'];

/** 10 MiB of spaces in 10 kB. */
function bomb(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_485_760, ' ')));
}

describe('the keys of DEVICE_JWKS_URL', () => {
  it.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'])('let in a device with a token by %s', async (alg) => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey(alg);
    const pod = await start();

    const answer = await knock(pod, await makeToken('lamp-1'));

    expect(answer.status).toBe(101);
  });

  it('are never taken for a shared secret', async () => {
    const { issuer, start } = await runWithIssuer();
    await issuer.addKey('RS256');
    const pod = await start();

    const answer = await knock(pod, await tokenFor('lamp-1', { header: { alg: 'HS256', kid: 'key-1' } }));

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
    expect(issuer.asked).toBe(0);
  });

  it('are asked for once for all devices that come at the same time, and then no more', async () => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    const pod = await start();
    const token = await makeToken('lamp-1');

    const answers = await Promise.all([knock(pod, token), knock(pod, token), knock(pod, token)]);
    answers.push(await knock(pod, token));

    expect(answers.map(({ status }) => status)).toEqual([101, 101, 101, 101]);
    expect(issuer.asked).toBe(1);
  });

  it('that were fetched for this very token, and do not have its key, make it a bad one', async () => {
    const { issuer, start } = await runWithIssuer();
    await issuer.addKey('ES256');
    const pod = await start();
    const makeStray = await new Issuer().addKey('ES512');

    const answer = await knock(pod, await makeStray('lamp-1'));

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
    expect(issuer.asked).toBe(1);
  });

  it('are asked for again when a token names a new one', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const oldToken = await (await issuer.addKey())('lamp-1');
    const pod = await start();
    await knock(pod, oldToken);
    const makeToken = await issuer.addKey('ES256');
    clock.increment(5000);

    const answers = [await knock(pod, await makeToken('lamp-1')), await knock(pod, oldToken)];

    expect(answers.map(({ status }) => status)).toEqual([101, 101]);
    expect(issuer.asked).toBe(2);
  });

  it('that are withdrawn let nobody in once the keys were asked for again', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const oldToken = await (await issuer.addKey())('lamp-1');
    const pod = await start();
    await knock(pod, oldToken);
    const makeToken = await issuer.addKey('ES256', { instead: true });
    clock.increment(5000);
    await knock(pod, await makeToken('lamp-1'));
    clock.increment(5000);

    const answer = await knock(pod, oldToken);

    expect([answer.status, codeOf(answer)]).toEqual([401, 'bad-token']);
  });

  it('are asked for anew after ten minutes, also when no token names another', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const token = await (await issuer.addKey())('lamp-1');
    const pod = await start();
    await knock(pod, token);
    await issuer.addKey('ES256', { instead: true });
    clock.increment(600_000);
    await knock(pod, token);
    await until(() => issuer.asked === 2);

    const statuses = await until(async () => {
      const { status } = await knock(pod, token);
      return status !== 101 && [status];
    });

    expect(statuses[0]).toBe(503); // asked a moment ago: whether the issuer has it by now is not known
  });

  it('are not asked for at every unknown name, and nobody is called a liar for that', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    const pod = await start();
    await knock(pod, await makeToken('lamp-1'));
    const stray = await tokenFor('lamp-1', { header: { alg: 'HS256' } });
    const unknown = await (await new Issuer().addKey('ES512'))('lamp-1');
    const early = await knock(pod, unknown);
    clock.increment(5000);
    const checked = await knock(pod, unknown);
    const again = await knock(pod, unknown);
    const bad = await knock(pod, stray);

    expect([early.status, codeOf(early)]).toEqual(away);
    expect([checked.status, codeOf(checked)]).toEqual([401, 'bad-token']);
    expect([again.status, codeOf(again)]).toEqual(away);
    expect(bad.status).toBe(401);
    expect(issuer.asked).toBe(2);
  });
});

describe('while the issuer is away', () => {
  it('its known keys go on letting devices in, for however long', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    const pod = await start();
    await knock(pod, await makeToken('lamp-1'));
    await issuer.goAway();
    clock.increment(3_600_000);
    const first = await knock(pod, await makeToken('lamp-1'));
    await pod.logged('the keys of DEVICE_JWKS_URL could not be fetched');
    clock.increment(3_600_000);

    const second = await knock(pod, await makeToken('lamp-1'));

    expect([first.status, second.status]).toEqual([101, 101]);
  });

  it('a token with an unknown key is neither let in nor called bad, and counted', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const makeOld = await issuer.addKey();
    const pod = await start();
    await knock(pod, await makeOld('lamp-1'));
    const makeNew = await issuer.addKey();
    await issuer.goAway();
    clock.increment(5000);

    const answers = [await knock(pod, await makeNew('lamp-1')), await knock(pod, await makeNew('lamp-1'))];

    expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual([away, away]);
    expect(answers[0]!.headers['retry-after']).toMatch(/^[1-5]$/);
    expect(await metric(pod.admin, 'ws_connect_connects_total{result="auth-unavailable"}')).toBe(2);
  });

  it('a pod that never knew a key lets nobody in, until the issuer is back', async () => {
    const { issuer, clock, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    await issuer.goAway();
    const pod = await start();
    const during = await knock(pod, await makeToken('lamp-1'));
    await issuer.comeBack();
    clock.increment(5000);

    const after = await knock(pod, await makeToken('lamp-1'));

    expect([during.status, codeOf(during)]).toEqual(away);
    expect(after.status).toBe(101);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['an error', (response) => response.writeHead(500).end()],
    ['no JSON', (response) => response.end('<html>')],
    ['no keys', (response) => response.end('{}')],
    ['a redirect', (response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end()],
  ])('so is one that answers with %s', async (_what, answer) => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    issuer.answer = answer;
    const pod = await start();

    const refused = await knock(pod, await makeToken('lamp-1'));

    expect([refused.status, codeOf(refused)]).toEqual(away);
  });

  it.each<[string, string, (response: ServerResponse) => void]>([
    ['a body without an end', 'the body is larger than 1048576 bytes', (response) => flood(response, ' ')],
    ['a small body that unpacks to a large one', 'the body is larger than 1048576 bytes', bomb],
    [
      'a redirect',
      'the issuer answered with status 302',
      (response) => response.writeHead(302, { Location: '/' }).end(),
    ],
    [
      'an error without an end',
      'the issuer answered with status 500',
      (response) => flood(response.writeHead(500), ' '),
    ],
  ])('so is one that answers with %s, at once, and the log says why', async (_what, why, answer) => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    let cut: Promise<unknown> | undefined;
    issuer.answer = (response) => {
      cut = new Promise((resolve) => response.once('close', resolve));
      answer(response);
    };
    const pod = await start();

    const refused = await knock(pod, await makeToken('lamp-1'));
    await cut;

    expect([refused.status, codeOf(refused)]).toEqual(away);
    expect(await pod.logged('the keys of DEVICE_JWKS_URL could not be fetched')).toMatchObject({
      err: { message: why },
    });
  });

  it('so is one that sends a byte now and then for 3 s', async () => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    issuer.answer = (response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(timer));
    };
    const pod = await start();

    const refused = await knock(pod, await makeToken('lamp-1'));

    expect([refused.status, codeOf(refused)]).toEqual(away);
  });

  it('so is one that does not answer within 3 s', async () => {
    const { issuer, start } = await runWithIssuer();
    const makeToken = await issuer.addKey();
    issuer.answer = () => {};
    const pod = await start();

    const refused = await knock(pod, await makeToken('lamp-1'));

    expect([refused.status, codeOf(refused)]).toEqual(away);
  });
});
