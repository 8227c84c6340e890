import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask, countedCloses, push } from '../support/ask.ts';
import type { Device } from '../support/device.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import type { TestPod } from '../support/pod.ts';
import { frame, handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';

const text = 0x1;
const ping = 0x9;

/** A pod whose devices may send three messages a second, and whose clock stands still. */
async function runStrictPod() {
  const clock = new SteppedClock();
  return { clock, pod: await runPod({ MESSAGES_PER_CONNECTION_PER_SECOND: '3' }, undefined, clock) };
}

/** The pod has heard everything that this device has sent so far. */
async function heard(device: Device): Promise<void> {
  device.socket.ping();
  await once(device.socket, 'pong');
}

/** The frame that acknowledges a message. */
const ack = (id: string) => frame(text, JSON.stringify({ type: 'ack', id }));

/** A device in envelope mode, past its welcome. It answers no close. */
async function envelopeDevice(pod: TestPod): Promise<RawClient> {
  const client = await RawClient.connect(pod.device);
  client.send(handshake('/connect?deviceId=lamp-1', { 'Sec-WebSocket-Protocol': 'ws-connect.v1' }));
  await client.answer();
  await nextFrame(client);
  return client;
}

/** The next frame of the pod: a close frame's code, or another one's text. */
async function nextFrame(client: RawClient): Promise<number | string> {
  const [opcode, short] = await client.bytes(2);
  const length = short === 126 ? (await client.bytes(2)).readUInt16BE(0) : short!;
  const payload = await client.bytes(length);
  return opcode === 0x88 ? payload.readUInt16BE(0) : payload.toString();
}

/** A callback that waits for its acknowledgement, and has come to the device. */
async function pushForAck(pod: TestPod, client: RawClient) {
  const path = '/callback/lamp-1?ack=1&id=m-1';
  const answer = ask(pod.callback, path, { method: 'POST', body: 'hello' });
  await nextFrame(client);
  return { answer };
}

describe('a device that sends more than MESSAGES_PER_CONNECTION_PER_SECOND', () => {
  it('is closed with 4429, and counted', async () => {
    const { pod } = await runStrictPod();
    const device = await runDevice(pod);

    for (const message of ['1', Buffer.from('2'), '', '4']) device.send(message);

    expect(await device.closed).toEqual({ code: 4429, reason: 'flood' });
    expect(await countedCloses([pod], 1)).toEqual({ '4429 flood': 1 });
  });

  it('is closed although it sends no more than acknowledgements', async () => {
    const { pod } = await runStrictPod();
    const client = await envelopeDevice(pod);

    for (let sent = 0; sent < 4; sent += 1) client.send(ack('unknown'));

    expect(await nextFrame(client)).toBe(4429);
  });

  it('is not heard in the message too many and what came with it', async () => {
    const { clock, pod } = await runStrictPod();
    const client = await envelopeDevice(pod);
    const { answer } = await pushForAck(pod, client);

    client.send(Buffer.concat([ack('a'), ack('b'), ack('c'), ack('m-1'), ack('m-1')]));
    const code = await nextFrame(client);
    await clock.pass(5000);

    expect(code).toBe(4429);
    expect((await answer).status).toBe(504);
  });

  it('is not heard after it has got the close frame either, however long it has been quiet', async () => {
    const { clock, pod } = await runStrictPod();
    const client = await envelopeDevice(pod);
    const { answer } = await pushForAck(pod, client);
    client.send(Buffer.concat([ack('a'), ack('b'), ack('c'), ack('d')]));
    const code = await nextFrame(client);

    clock.increment(1500);
    client.send(ack('m-1'));
    for (let turns = 0; turns < 5; turns += 1) await ask(pod.admin, '/livez');
    await clock.pass(5000);

    expect(code).toBe(4429);
    expect((await answer).status).toBe(504);
  });
});

describe('a device that sends no more than it may', () => {
  it('stays: a second of messages at once, and then as many as time has earned', async () => {
    const { clock, pod } = await runStrictPod();
    const device = await runDevice(pod);

    for (const message of ['1', '2', '3']) device.send(message);
    await heard(device);
    clock.increment(700);
    for (const message of ['4', '5']) device.send(message);
    await heard(device);
    device.send('6');

    expect(await device.closed).toEqual({ code: 4429, reason: 'flood' });
  });

  it('stays whatever it pings', async () => {
    const { pod } = await runStrictPod();
    const client = await RawClient.device(pod.device, 'lamp-1');

    for (let sent = 0; sent < 10; sent += 1) {
      client.send(frame(ping));
      await client.bytes(2);
    }

    expect((await push(pod.callback, 'lamp-1')).status).toBe(200);
  });

  it('pays for nobody else', async () => {
    const { pod } = await runStrictPod();
    const flood = await runDevice(pod, 'flood');
    const device = await runDevice(pod);
    for (const message of ['1', '2', '3', '4']) flood.send(message);

    device.send('1');
    await flood.closed;

    expect((await push(pod.callback, 'lamp-1')).status).toBe(200);
  });
});
