import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { fakeOwner, runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { about, caller, traceparentOf, useSpans } from '../support/spans.ts';

const spans = useSpans();
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const withOutcome = (outcome: string) => (span: ReadableSpan) => span.attributes['ws_connect.outcome'] === outcome;
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

describe('the span of a callback', () => {
  it("continues the caller's trace and says how it was answered", async () => {
    const pod = await runPod();
    await runDevice(pod, 'called-1');

    await push(pod.callback, 'called-1', 'a body', caller.headers);
    const [callback] = await spans.ended('callback', about('called-1'));

    expect(callback!.kind).toBe(SpanKind.SERVER);
    expect(callback!.spanContext().traceId).toBe(caller.traceId);
    expect(parentOf(callback)).toBe(caller.spanId);
    expect(callback!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/callback/{deviceId}',
      'url.path': '/callback/called-1',
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'ws_connect.outcome': 'delivered',
      'ws_connect.device_id': 'called-1',
    });
  });

  it('is what a device in envelope mode is told of', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod, 'called-2');

    await push(pod.callback, 'called-2', 'hello', caller.headers);
    await push(pod.callback, 'called-2', 'hello', { traceparent: 'nonsense' });
    await device.received(3);
    const told = device.envelopes.filter(({ type }) => type === 'message').map(({ traceparent }) => traceparent);
    const callbacks = await spans.ended('callback', about('called-2'), 2);

    expect(told).toEqual(callbacks.map(traceparentOf));
    expect(callbacks.map(parentOf)).toEqual([caller.spanId, undefined]);
  });

  it('goes over to the other pod by that of the forwarded request', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'called-3');

    await push(near.callback, 'called-3', 'hello', caller.headers);
    const [delivered, forwarded] = await spans.ended('callback', about('called-3'), 2);
    const forward = spans.all.find((span) => span.name === 'forward' && parentOf(span) === idOf(forwarded));

    expect([delivered, forwarded].map((span) => span!.attributes['ws_connect.outcome'])).toEqual([
      'delivered',
      'forwarded',
    ]);
    expect(parentOf(forwarded)).toBe(caller.spanId);
    expect(parentOf(delivered)).toBe(idOf(forward));
    expect(new Set([delivered, forward, forwarded].map((span) => span!.spanContext().traceId))).toEqual(
      new Set([caller.traceId]),
    );
    expect(forward!.kind).toBe(SpanKind.CLIENT);
    expect(forward!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': '127.0.0.3',
      'server.port': far.callbackPort,
    });
  });

  it('goes over with a batch as well', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'called-4');
    const body = '{"deviceId":"called-4","data":"hello"}\n';
    const headers = { ...caller.headers, 'Content-Type': 'application/x-ndjson' };

    const { status } = await ask(near.callback, '/callback', { method: 'POST', body, headers });
    const batches = await spans.ended('callback', ({ attributes }) => attributes['http.route'] === '/callback', 2);
    const forwarded = batches.find((span) => parentOf(span) === caller.spanId);
    const forward = spans.all.find((span) => span.name === 'forward' && parentOf(span) === idOf(forwarded));

    expect(status).toBe(200);
    expect(batches.map(parentOf)).toContain(idOf(forward));
  });

  it('keeps the state that others have put into the trace, and only of this one', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((_request, response) => response.writeHead(200).end());
    await own('called-5', owner);

    await push(near.callback, 'called-5', 'hello', caller.headers);
    await push(near.callback, 'called-5', 'hello', { ...caller.headers, traceparent: 'nonsense' });
    const forwards = await spans.ended('forward', ({ attributes }) => attributes['server.port'] === owner.port, 2);

    expect(owner.requests.map(({ headers }) => headers['traceparent'])).toEqual(forwards.map(traceparentOf));
    expect(owner.requests.map(({ headers }) => headers['tracestate'])).toEqual(['vendor=1', undefined]);
  });

  it('shows that the owner did not answer', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('called-6', { serverIp: '127.0.0.9', port: 1 });

    await push(near.callback, 'called-6');
    const [callback] = await spans.ended('callback', withOutcome('owner-unreachable'));
    const [forward] = await spans.ended('forward', (span) => parentOf(span) === idOf(callback));

    expect([callback!.status.code, forward!.status.code]).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR]);
    expect(forward!.status.message).toContain('ECONNREFUSED');
    expect(callback!.attributes['http.response.status_code']).toBe(503);
  });

  it('is an error when the owner has answered so', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('called-8', await fakeOwner((_request, response) => response.writeHead(503).end()));

    await push(near.callback, 'called-8');
    const [callback] = await spans.ended('callback', about('called-8'));

    expect(callback!.attributes).toMatchObject({ 'http.response.status_code': 503, 'ws_connect.outcome': 'forwarded' });
    expect(callback!.status.code).toBe(SpanStatusCode.ERROR);
  });

  it.each([
    ['nobody', {}, 404, 'not-connected'],
    ['%2e%2e', {}, 400, 'bad-device-id'],
    ['lamp-1', { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: 'a-token-of-a-service' }, 401, 'no-token'],
  ])('says why it was refused, which is no error of ours: %s', async (deviceId, env, status, code) => {
    const pod = await runPod(env);

    await push(pod.callback, deviceId);
    const [callback] = await spans.ended('callback', withOutcome(code));

    expect(callback!.attributes['http.response.status_code']).toBe(status);
    expect(callback!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('shows neither body nor credentials, and other requests have none', async () => {
    const pod = await runPod({ CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: 'a-token-of-a-service' });
    await runDevice(pod, 'called-7');
    const headers = { Authorization: 'Bearer a-token-of-a-service' };

    await ask(pod.callback, '/connections/called-7', { headers });
    await push(pod.callback, 'called-7', 'a-secret-body', headers);
    const callbacks = await spans.ended('callback', about('called-7'));

    const shown = JSON.stringify(spans.all.map(({ name, attributes, events }) => ({ name, attributes, events })));
    expect(shown).not.toMatch(/a-secret-body|a-token-of-a-service/);
    expect(callbacks).toHaveLength(1);
    expect(shown).not.toContain('/connections');
  });
});
