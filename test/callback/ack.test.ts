import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { fillUp } from '../support/frozen-device.ts';
import { runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const text = { 'Content-Type': 'text/plain' };
const post = (base: string, query: string, headers: Record<string, string> = text) =>
  ask(base, `/callback/lamp-1${query}`, { method: 'POST', headers, body: 'hello' });

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a callback that waits for the device', () => {
  it('is answered 200 acked once the device has acknowledged the message', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);

    const answer = post(pod.callback, '?ack=1');
    const { id, ack } = await device.heard('message');
    device.acknowledge(id);

    expect(await answer).toMatchObject({ status: 200, json: { deviceId: 'lamp-1', outcome: 'acked' } });
    expect(ack).toBe(true);
  });

  it('is not answered by the acknowledgement of another message', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);

    const answers = Promise.all([
      post(pod.callback, '?ack=1&id=one&timeoutMs=300'),
      post(pod.callback, '?ack=1&id=two'),
    ]);
    await device.received(3); // the welcome, and both
    device.acknowledge('two');

    expect((await answers).map(({ status }) => status)).toEqual([504, 200]);
  });

  it('is answered 504 when none comes in time', async () => {
    const pod = await runPod();
    await EnvelopeDevice.run(pod);

    const { status, json } = await post(pod.callback, '?ack=1&timeoutMs=50');

    expect(status).toBe(504);
    expect(json).toMatchObject({ code: 'ack-timeout' });
  });

  it('is answered 504 in time although the message still waits behind others', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);
    device.socket.pause();
    await fillUp(pod, 'lamp-1');

    const { status, json } = await post(pod.callback, '?ack=1&timeoutMs=50');

    expect(status).toBe(504);
    expect(json).toMatchObject({ code: 'ack-timeout' });
  });

  it('is answered 504 as soon as the connection ends', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);

    const answer = post(pod.callback, '?ack=1&timeoutMs=30000');
    await device.heard('message');
    device.vanish();

    expect(await answer).toMatchObject({ status: 504, json: { code: 'ack-timeout' } });
  });

  it('is answered 422 at once for a device in plain mode, which gets nothing', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1');

    const refused = await post(pod.callback, '?ack=1');
    const delivered = await post(pod.callback, '?ack=0');

    expect(refused).toMatchObject({ status: 422, json: { code: 'no-ack' } });
    expect(delivered.status).toBe(200);
    expect(device.frames).toHaveLength(1);
  });

  it('waits through another pod too, for as long as it says', async () => {
    const { near, far } = await runTwoPods(redis);
    const device = await EnvelopeDevice.run(far);
    await device.heard('welcome');

    const acked = post(near.callback, '?ack=1&id=m-7', { ...text, traceparent });
    const message = await device.heard('message');
    device.acknowledge(message['id']);
    const late = await post(near.callback, '?ack=1&timeoutMs=50');

    expect(await acked).toMatchObject({ status: 200, json: { outcome: 'acked' } });
    expect(message).toMatchObject({ id: 'm-7', traceparent, ack: true, contentType: 'text/plain' });
    expect(late).toMatchObject({ status: 504, json: { code: 'ack-timeout' } });
  });

  it('keeps an idle connection from being drained while it waits', async () => {
    const pod = await runPod({ DRAIN_INTERVAL_MS: '50', DRAIN_SWEEPS: '100', IDLE_AFTER_MS: '20' });
    const device = await EnvelopeDevice.run(pod);
    const answer = post(pod.callback, '?ack=1');
    const { id } = await device.heard('message');

    pod.pod.terminate();
    await until(async () => ((await ask(pod.admin, '/drain')).json as { sweep: number }).sweep >= 5);
    const before = device.envelopes.filter(({ type }) => type === 'goaway').length;
    device.acknowledge(id);

    expect(before).toBe(0);
    expect(await answer).toMatchObject({ status: 200 });
    expect(await device.heard('goaway')).toMatchObject({ reason: 'restarting' });
  });
});

describe('the query of a callback', () => {
  it.each([
    '?ack=yes',
    '?ack=1&ack=1',
    '?ack=1&timeoutMs=0',
    '?ack=1&timeoutMs=30001',
    '?ack=1&timeoutMs=1e3',
    '?timeoutMs=1000',
    '?id=',
    '?id=a%20b',
    `?id=${'x'.repeat(129)}`,
    '?akc=1',
  ])('%s is answered 400, and nothing is sent', async (query) => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);
    await device.heard('welcome');

    const { status, json } = await post(pod.callback, query);

    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'bad-query' });
    expect(device.frames).toHaveLength(1);
  });
});

describe('the traceparent of a callback', () => {
  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
    ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', false],
    ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
    ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
    ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
    ['nonsense', false],
  ])('%s goes along: %j', async (header, goes) => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);

    await post(pod.callback, '', { ...text, traceparent: header });

    expect('traceparent' in (await device.heard('message'))).toBe(goes);
  });
});
