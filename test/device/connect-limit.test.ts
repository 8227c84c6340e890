import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { AddressBuckets } from '../../src/device/connect-limit.ts';
import { metric } from '../support/ask.ts';
import type { TestPod } from '../support/pod.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';
import { codeOf, jwtEnv, tokenFor } from '../support/tokens.ts';

/** How many of `count` connects of this address at `now` are let through. */
function through(buckets: AddressBuckets, address: string, now: number, count = 10): number {
  return Array.from({ length: count }, () => buckets.take(address, now)).filter(Boolean).length;
}

/** Fills a whole generation: this many addresses with one connect each. Returns how many were let through. */
function comeAll(buckets: AddressBuckets, now: number, name: string, count = 20_000): number {
  let taken = 0;
  for (let index = 0; index < count; index += 1) taken += Number(buckets.take(`${name}-${index}`, now));
  return taken;
}

describe('the buckets of the addresses', () => {
  it('let a second of connects of each through, and then what time has earned', () => {
    const buckets = new AddressBuckets(3, 0);

    const taken = [0, 1, 334, 1000, 1001].map((now) => [through(buckets, 'a', now), through(buckets, 'b', now, 1)]);

    expect(taken).toEqual([
      [3, 1],
      [0, 1],
      [1, 1],
      [2, 1],
      [0, 1],
    ]);
  });

  it.each([999, 1000, 1999, 2000])('hold to it when generations change, one of them after %d ms', (at) => {
    const buckets = new AddressBuckets(3, 0);
    const first = through(buckets, 'a', 990);

    const second = through(buckets, 'a', at);

    expect(first).toBe(3);
    expect(second).toBe(Math.min(3, Math.floor((at - 990) * 0.003)));
  });

  it('remember whose bucket is not full yet, whoever comes meanwhile', () => {
    const buckets = new AddressBuckets(10, 0);
    through(buckets, 'a', 0);
    for (let now = 10; now < 950; now += 10) through(buckets, 'b', now);

    const taken = through(buckets, 'a', 950);

    expect(taken).toBe(9);
  });

  it('forget who has not come for two seconds', () => {
    const buckets = new AddressBuckets(3, 0);
    comeAll(buckets, 0, 'early', 100);

    for (const now of [1000, 2000]) through(buckets, 'late', now);

    expect(buckets.size).toBeLessThan(5);
  });

  it('of any number of addresses at once hold no more than two generations, and refuse nobody new', () => {
    const buckets = new AddressBuckets(3, 0);

    const taken = comeAll(buckets, 0, 'many', 200_000);

    expect(buckets.size).toBeLessThanOrEqual(40_000);
    expect(taken).toBe(200_000);
  });

  it('go on refusing, however many others come, who comes too often', () => {
    const buckets = new AddressBuckets(3, 0);
    through(buckets, 'flood', 0);

    const taken = [0, 1, 2, 3, 4].map((round) => {
      comeAll(buckets, 0, `others-${round}`, 15_000);
      return through(buckets, 'flood', 0);
    });

    expect(taken).toEqual([0, 0, 0, 0, 0]);
  });
});

interface Visit {
  deviceId?: string;
  headers?: Record<string, string | undefined>;
}

/** What the pod says to one who wants to connect. */
async function knock(pod: TestPod, { deviceId = 'lamp-1', headers = {} }: Visit = {}) {
  const client = await RawClient.connect(pod.device);
  client.send(handshake(`/connect?deviceId=${deviceId}`, headers));
  return client.answer();
}

/** The statuses of connects, one after the other, from these addresses behind a proxy. */
async function statuses(pod: TestPod, forwardedFor: (string | undefined)[]): Promise<number[]> {
  const answers = [];
  for (const hop of forwardedFor) answers.push((await knock(pod, { headers: { 'X-Forwarded-For': hop } })).status);
  return answers;
}

const two = { CONNECTS_PER_ADDRESS_PER_SECOND: '2' };
const behindProxy = { ...two, TRUSTED_PROXIES: '127.0.0.0/8, fd00::/8' };

describe('a pod with CONNECTS_PER_ADDRESS_PER_SECOND', () => {
  it('answers 429 above it, says when to try again, and counts it', async () => {
    const pod = await runPod(two, undefined, new SimulatedClock());
    const accepted = await statuses(pod, [undefined, undefined]);

    const refused = await knock(pod, { deviceId: 'lamp-2' });

    expect(accepted).toEqual([101, 101]);
    expect([refused.status, codeOf(refused)]).toEqual([429, 'too-many-connects']);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await metric(pod.admin, 'ws_connect_connects_total{result="too-many-connects"}')).toBe(1);
  });

  it('lets the address in again as time goes by', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod(two, undefined, clock);
    const before = await statuses(pod, [undefined, undefined, undefined]);

    clock.increment(500);
    const after = await statuses(pod, [undefined, undefined]);

    expect([before, after]).toEqual([
      [101, 101, 429],
      [101, 429],
    ]);
  });

  it('does not believe what a socket outside TRUSTED_PROXIES says of others', async () => {
    const pod = await runPod(two, undefined, new SimulatedClock());

    const answers = await statuses(pod, ['192.0.2.1', '192.0.2.2', '192.0.2.3']);

    expect(answers).toEqual([101, 101, 429]);
  });

  it('counts each address behind a proxy for itself, an IPv6 one with its /64', async () => {
    const pod = await runPod(behindProxy, undefined, new SimulatedClock());

    const four = await statuses(pod, ['192.0.2.1', '1.1.1.1, 192.0.2.1:80', '::ffff:192.0.2.1', '192.0.2.2']);
    const six = await statuses(pod, ['2001:db8::1', '[2001:db8::2]:443', '2001:db8:0:0:f::3', '2001:db8:0:1::1']);

    expect([four, six]).toEqual([
      [101, 101, 429, 101],
      [101, 101, 429, 101],
    ]);
  });

  it('reads several lines of X-Forwarded-For as one', async () => {
    const pod = await runPod(behindProxy, undefined, new SimulatedClock());
    const lines = (first: string) => `${first}\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: fd00::1`;

    const answers = await statuses(pod, ['203.0.113.1', '203.0.113.2', '203.0.113.3'].map(lines));

    expect(answers).toEqual([101, 101, 429]);
  });

  it('counts nothing that is refused for another reason before', async () => {
    const pod = await runPod({ ...two, ALLOWED_ORIGINS: 'https://a.example' }, undefined, new SimulatedClock());
    const wrong = [
      await knock(pod, { deviceId: '..' }),
      await knock(pod, { headers: { Origin: 'https://b.example' } }),
      await knock(pod, { headers: { Upgrade: undefined } }),
    ];

    const answers = await statuses(pod, [undefined, undefined, undefined]);

    expect(wrong.map(({ status }) => status)).toEqual([400, 403, 426]);
    expect(answers).toEqual([101, 101, 429]);
  });

  it('keeps one address from taking the turns of all', async () => {
    const env = { ...behindProxy, ACCEPTS_PER_SECOND: '3' };
    const pod = await runPod(env, undefined, new SimulatedClock());

    const answers = await statuses(pod, ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3']);

    expect(answers).toEqual([101, 101, 429, 429, 101, 503]);
  });

  it('counts a connect with a token once, and one with a bad token too', async () => {
    const pod = await runPod({ ...two, ...jwtEnv }, undefined, new SimulatedClock());
    const headers = { Authorization: `Bearer ${await tokenFor('lamp-1')}` };

    const answers = [await knock(pod, { headers }), await knock(pod), await knock(pod, { headers })];

    expect(answers.map(({ status }) => status)).toEqual([101, 401, 429]);
  });
});
