import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask, push, stateOf } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('a device in envelope mode', () => {
  it('is welcomed by name once it is registered', async () => {
    const pod = await runPod({ POD_UID: 'pod-a', PING_INTERVAL_MS: '20000' });
    const device = await EnvelopeDevice.run(pod);

    const welcome = await device.heard('welcome');

    const { json } = await ask(pod.callback, '/connections/lamp-1');
    const { traceId } = json as { traceId: string };
    expect(device.socket.protocol).toBe('ws-connect.v1');
    expect(welcome).toEqual({
      type: 'welcome',
      deviceId: 'lamp-1',
      traceId,
      podId: 'pod-a',
      registered: true,
      pingIntervalMs: 20_000,
    });
  });

  it('is welcomed all the same while the registry is away, and told so', async () => {
    const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
    const device = await EnvelopeDevice.run(pod);

    expect(await device.heard('welcome')).toMatchObject({ registered: false });
    expect(await stateOf(pod.callback, 'lamp-1')).toBe('connecting.waiting');
  });

  it('gets text in `data`, by the id the service has given', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);

    await ask(pod.callback, '/callback/lamp-1?id=order-7', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"on":true}',
    });

    expect(await device.heard('message')).toEqual({
      type: 'message',
      id: 'order-7',
      contentType: 'application/json',
      data: '{"on":true}',
    });
  });

  it('gets bytes in `base64`, and every message by an id of its own', async () => {
    const pod = await runPod();
    const device = await EnvelopeDevice.run(pod);
    await device.heard('welcome');
    const body = Buffer.from([0, 255]);

    for (let count = 0; count < 300; count += 1) await push(pod.callback, 'lamp-1', body);
    await device.received(301);

    const messages = device.envelopes.slice(1);
    expect(messages[0]).toEqual({ type: 'message', id: messages[0]!['id'], contentType: '', base64: 'AP8=' });
    expect(messages.every(({ id }) => /^[0-9a-f]{32}$/.test(String(id)))).toBe(true);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(300);
  });

  it('is active by its messages, and not by its acknowledgements', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '50' });
    const device = await EnvelopeDevice.run(pod);
    const becomes = (state: string) => until(async () => (await stateOf(pod.callback, 'lamp-1')) === state);
    await becomes('registered.idle');

    device.acknowledge('nothing');
    device.socket.ping();
    await once(device.socket, 'pong'); // the acknowledgement is read by now
    const afterAck = await stateOf(pod.callback, 'lamp-1');
    device.send('{"type":"message","data":{"temperature":21}}');

    expect(afterAck).toBe('registered.idle');
    expect(await becomes('registered.active')).toBe(true);
  });

  it.each(['hello', '{"type":"subscribe"}', Buffer.from('{"type":"ack","id":"1"}')])(
    'is closed with 1003 when it says %j',
    async (said) => {
      const pod = await runPod();
      const device = await EnvelopeDevice.run(pod);

      device.send(said);

      expect(await device.closed).toEqual({ code: 1003, reason: 'not-understood' });
    },
  );
});

it('a device in plain mode may say anything, and gets no envelope', async () => {
  const pod = await runPod();
  const device = await runDevice(pod, 'lamp-1', ['ws-connect.plain']);

  device.send('{"type":"nonsense"}');
  await push(pod.callback, 'lamp-1', 'hello', { 'Content-Type': 'text/plain' });

  expect(await device.received(1)).toEqual([{ data: Buffer.from('hello'), binary: false }]);
});
