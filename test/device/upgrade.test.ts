import { describe, expect, it } from 'vitest';
import { push, stateOf } from '../support/ask.ts';
import { frame, handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('an upgrade at /connect', () => {
  it('makes the device reachable under its id', async () => {
    const pod = await runPod();
    const device = await runDevice(pod, 'lamp-1');

    const answer = await push(pod.callback, 'lamp-1', 'on', { 'Content-Type': 'text/plain' });
    const frames = await device.received(1);

    expect(answer.status).toBe(200);
    expect(frames).toEqual([{ data: Buffer.from('on'), binary: false }]);
  });

  it.each(['a', 'x'.repeat(128), 'A.b_c:d-9', '...', '-'])('lets in the device %s', async (deviceId) => {
    const pod = await runPod();
    await runDevice(pod, deviceId);

    const answer = await push(pod.callback, deviceId);

    expect(answer.json).toMatchObject({ deviceId, outcome: 'delivered' });
  });

  it('ignores query parameters it does not know', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.device);

    client.send(handshake('/connect?v=2&deviceId=lamp-1&deviceid=other'));

    expect(await client.answer()).toMatchObject({ status: 101 });
  });

  it.each(['http://pod/connect?deviceId=lamp-1', 'HTTP://pod:8080/connect?deviceId=lamp-1&v=1'])(
    'is taken by its whole address %s too (RFC 9112 §3.2.2)',
    async (target) => {
      const pod = await runPod();
      const client = await RawClient.connect(pod.device);

      client.send(handshake(target));
      const { status } = await client.answer();

      expect(status).toBe(101);
      expect(await push(pod.callback, 'lamp-1')).toMatchObject({ status: 200 });
    },
  );

  it('answers the key as RFC 6455 works it out', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.device);

    client.send(handshake('/connect?deviceId=lamp-1'));
    const { headers } = await client.answer();

    expect(headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it('takes a frame that came in the same packet as the handshake', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.device);
    const closeFrame = frame(8, Buffer.from([0x03, 0xe8]));

    client.send(Buffer.concat([Buffer.from(handshake('/connect?deviceId=lamp-1')), closeFrame]));
    const { status } = await client.answer();
    const reply = await client.bytes(4);

    expect(status).toBe(101);
    expect([...reply]).toEqual([0x88, 2, 0x03, 0xe8]);
  });

  it('is registered and active at first', async () => {
    const pod = await runPod();
    await runDevice(pod, 'lamp-1');

    const state = await until(async () => {
      const now = await stateOf(pod.callback, 'lamp-1');
      return now !== 'connecting' && now;
    });

    expect(state).toBe('registered.active');
  });
});

describe('the subprotocol', () => {
  it('ws-connect.plain is echoed', async () => {
    const pod = await runPod();

    const device = await runDevice(pod, 'lamp-1', ['mqtt', 'ws-connect.plain']);

    expect(device.socket.protocol).toBe('ws-connect.plain');
  });

  it('that is unknown is not echoed, and the device is let in', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.device);

    client.send(handshake('/connect?deviceId=lamp-1', { 'Sec-WebSocket-Protocol': 'mqtt, soap' }));
    const { status, headers } = await client.answer();

    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-protocol');
  });

  it('need not be asked for', async () => {
    const pod = await runPod();

    const device = await runDevice(pod);

    expect(device.socket.protocol).toBe('');
  });
});

it('no compression is negotiated, even when the device offers it', async () => {
  const pod = await runPod();
  const client = await RawClient.connect(pod.device);

  client.send(handshake('/connect?deviceId=lamp-1', { 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
  const { status, headers } = await client.answer();

  expect(status).toBe(101);
  expect(headers).not.toHaveProperty('sec-websocket-extensions');
});
