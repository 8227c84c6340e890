import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOriginValue, originAdvice } from '../../src/config/auth-settings.ts';
import { metric } from '../support/ask.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';
import { codeOf, jwtEnv, knock } from '../support/tokens.ts';

const env = { ALLOWED_ORIGINS: 'https://app.example.com, http://localhost:3000' };

describe('with ALLOWED_ORIGINS a request', () => {
  it.each(['https://app.example.com', 'http://localhost:3000'])('of a page of %s is let in', async (origin) => {
    const pod = await runPod(env);

    const { status } = await knock(pod, undefined, { Origin: origin });

    expect(status).toBe(101);
  });

  it('without an Origin is let in: it comes from no browser', async () => {
    const pod = await runPod(env);

    const { status } = await knock(pod, undefined);

    expect(status).toBe(101);
  });

  it.each([
    'https://evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.example',
    'https://evil.example/https://app.example.com',
    'https://sub.app.example.com',
    'https://app.example.co',
    'HTTPS://APP.EXAMPLE.COM',
    'https://app.example.com/',
    'https://app.example.com, https://app.example.com',
    'null',
    '*',
  ])('of a page of %j is not', async (origin) => {
    const pod = await runPod(env);

    const answer = await knock(pod, undefined, { Origin: origin });

    expect([answer.status, codeOf(answer)]).toEqual([403, 'origin-not-allowed']);
  });

  it('with an empty Origin, or two of them, is not let in', async () => {
    const pod = await runPod(env);
    const twice = await RawClient.connect(pod.device);
    const lines = 'Origin: https://app.example.com\r\nOrigin: https://evil.example\r\n';
    twice.send(handshake('/connect?deviceId=lamp-1').replace('Host: pod\r\n', `Host: pod\r\n${lines}`));
    const empty = await RawClient.connect(pod.device);
    empty.send(handshake('/connect?deviceId=lamp-1').replace('Host: pod\r\n', 'Host: pod\r\nOrigin:\r\n'));

    const answers = [await twice.answer(), await empty.answer()];

    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  });

  it('that is refused is counted', async () => {
    const pod = await runPod(env);
    await knock(pod, undefined, { Origin: 'https://evil.example' });

    const count = await metric(pod.admin, 'ws_connect_connects_total{result="origin-not-allowed"}');

    expect(count).toBe(1);
  });

  it('of another origin is not even asked for its token', async () => {
    const pod = await runPod({ ...env, ...jwtEnv });

    const { status } = await knock(pod, undefined, { Origin: 'https://evil.example' });

    expect(status).toBe(403);
  });
});

it('without ALLOWED_ORIGINS pages of every origin may connect', async () => {
  const pod = await runPod();

  const { status } = await knock(pod, undefined, { Origin: 'https://evil.example' });

  expect(status).toBe(101);
});

it.each([
  'file://',
  'null',
  'https://csms.example.com/ocpp/cp-1',
  'http://App.example.com:80/',
  'capacitor://localhost',
])('a device that always sends %j can be let in by that value, and by no other', async (origin) => {
  const pod = await runPod({ ALLOWED_ORIGINS: `https://app.example.com,${origin}` });

  const same = await knock(pod, undefined, { Origin: origin });
  const other = await knock(pod, undefined, { Origin: `${origin}x` });

  expect([same.status, other.status]).toEqual([101, 403]);
});

it('the origin of every web page may be listed without advice', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['http', 'https'] }), (url) => {
      const { origin } = new URL(url);

      expect(isOriginValue(origin)).toBe(true);
      expect(originAdvice(origin)).toBeUndefined();
      expect(originAdvice(`${origin}/`)).toContain(`browsers send ${origin}`);
    }),
  );
});
