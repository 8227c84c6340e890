import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { Device } from '../support/device.ts';
import { Issuer } from '../support/jwks-server.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { about, caller, useSpans } from '../support/spans.ts';
import { jwtEnv, knock, runKnownDevice, tokenFor } from '../support/tokens.ts';

const spans = useSpans();
const outcome = 'ws_connect.outcome';

describe('the span of a connect', () => {
  it('goes to the first registration, whose span is its child', async () => {
    const pod = await runPod();
    await runDevice(pod, 'traced-1');

    const [connect] = await spans.ended('connect', about('traced-1'));
    const children = spans.all.filter(
      ({ parentSpanContext }) => parentSpanContext?.spanId === connect!.spanContext().spanId,
    );

    expect(connect!.kind).toBe(SpanKind.SERVER);
    expect(connect!.parentSpanContext).toBeUndefined();
    expect(connect!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/connect',
      'http.response.status_code': 101,
      'ws_connect.device_id': 'traced-1',
      'ws_connect.trace_id': expect.stringMatching(/^[0-9a-f]{32}$/),
      [outcome]: 'registered',
    });
    expect(children.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['register', { [outcome]: 'registered' }],
    ]);
  });

  it('continues the trace of the request', async () => {
    const pod = await runPod();
    const device = new Device(`ws://${pod.device}/connect?deviceId=traced-2`, [], { headers: caller.headers });
    await device.opened;

    const [connect] = await spans.ended('connect', about('traced-2'));
    device.vanish();

    expect(connect!.spanContext().traceId).toBe(caller.traceId);
    expect(connect!.parentSpanContext?.spanId).toBe(caller.spanId);
  });

  it('says that the registry was away', async () => {
    const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
    await runDevice(pod, 'traced-3');

    const [connect] = await spans.ended('connect', about('traced-3'));
    const register = spans.all.find(
      ({ parentSpanContext }) => parentSpanContext?.spanId === connect!.spanContext().spanId,
    );

    expect(connect!.attributes[outcome]).toBe('unregistered');
    expect(connect!.status.code).toBe(SpanStatusCode.UNSET);
    expect(register!.attributes[outcome]).toBe('failed');
    expect(register!.status.code).toBe(SpanStatusCode.ERROR);
  });

  it.each([
    ['/connect?deviceId=', 400, 'bad-device-id', SpanStatusCode.UNSET],
    ['/elsewhere', 404, 'no-such-route', SpanStatusCode.UNSET],
    ['/connect?deviceId=lamp-1', 503, 'draining', SpanStatusCode.ERROR],
  ])('says why it was refused: %s %d %s', async (path, status, code, spanStatus) => {
    const pod = await runPod();
    if (code === 'draining') {
      await runDevice(pod, 'busy');
      pod.pod.terminate();
    }
    const client = await RawClient.connect(pod.device);
    client.send(handshake(path));

    const [connect] = await spans.ended('connect', ({ attributes }) => attributes[outcome] === code);

    expect(connect!.attributes['http.response.status_code']).toBe(status);
    expect(connect!.status.code).toBe(spanStatus);
  });

  it('shows no token', async () => {
    const pod = await runPod(jwtEnv);
    const token = await tokenFor('traced-4');
    await runKnownDevice(pod, 'traced-4', token);
    await knock(pod, 'bad.token.here');

    await spans.ended('connect', about('traced-4'));
    await spans.ended('connect', ({ attributes }) => attributes[outcome] === 'bad-token');

    const shown = JSON.stringify(spans.all.map(({ name, attributes, events }) => ({ name, attributes, events })));
    expect(shown).not.toContain(token.split('.')[2]);
    expect(shown).not.toContain('bad.token');
  });

  it('ends with a device that hangs up while its token is checked', async () => {
    const issuer = await Issuer.start();
    const token = await (await issuer.addKey())('traced-5');
    const asked = new Promise<void>((resolve) => {
      issuer.answer = () => resolve();
    });
    const pod = await runPod(issuer.env);
    const client = await RawClient.connect(pod.device);
    client.send(handshake('/connect?deviceId=traced-5', { Authorization: `Bearer ${token}` }));
    await asked;
    client.socket.destroy();

    const hungUp = await spans.ended('connect', ({ attributes }) => attributes[outcome] === 'hung-up');

    expect(hungUp).toHaveLength(1);
  });

  it('ends with a connection that is closed before it is registered', async () => {
    const pod = await runPod();
    for (let count = 1; count <= 7; count += 1) await runDevice(pod, 'traced-6'); // two machines with one id

    const closed = await spans.ended(
      'connect',
      (span) => about('traced-6')(span) && span.attributes[outcome] === 'closed',
    );

    expect(closed.length).toBeGreaterThan(0);
  });
});
