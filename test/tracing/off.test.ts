import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTracing } from '../../src/tracing/tracing.ts';
import { ask, push } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { fakeOwner, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { caller, Spans } from '../support/spans.ts';

const spans = new Spans();
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  spans.unload();
  await redis.stop();
});

it('without an SDK there is no tracing', () => {
  expect(startTracing()).toBeUndefined();
});

it('a pod of a process that found no SDK when it started asks for no span, ever', async () => {
  const { near, far, own } = await runTwoPods(redis);
  const owner = await fakeOwner((_request, response) => response.writeHead(200).end());
  await own('elsewhere', owner);
  spans.load(); // whoever asks the API for a span gets one from now on

  const device = await EnvelopeDevice.run(far, 'untraced-1');
  await push(far.callback, 'untraced-1', 'hello', caller.headers);
  await push(near.callback, 'elsewhere', 'hello', caller.headers);
  await ask(near.callback, '/connect');
  await Promise.all([near, far].map((pod) => pod.stop()));

  expect(spans.all).toEqual([]);
  expect(await device.heard('message')).toMatchObject({ traceparent: caller.headers.traceparent });
  expect(owner.requests[0]!.headers).toMatchObject(caller.headers);
});
