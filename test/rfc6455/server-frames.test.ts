import { describe, expect, it } from 'vitest';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import { ask, push } from '../support/ask.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import type { LengthForm } from '../support/rfc6455/frames.ts';
import { clientFrame, closePayload, opcodes, parseServerFrame } from '../support/rfc6455/frames.ts';
import { RfcPod } from '../support/rfc6455/peer.ts';
import { runPod } from '../support/running.ts';

const maxPayloadBytes = 131_072;
const pod = new RfcPod({ MAX_PAYLOAD_BYTES: String(maxPayloadBytes) });

/** What every frame of a server has: it is whole, unmasked, and without reserved bits (RFC 6455 §5.1, §5.2). */
const proper = { fin: true, rsv: 0, isMasked: false };

const sizes: [number, LengthForm][] = [
  [1, 0],
  [124, 0],
  [125, 0],
  [126, 2],
  [127, 2],
  [128, 2],
  [4095, 2],
  [4096, 2],
  [4097, 2],
  [65_535, 2],
  [65_536, 8],
  [65_537, 8],
  [maxPayloadBytes, 8],
];

describe.each([
  ['text', 'text/plain', opcodes.text],
  ['binary', 'application/octet-stream', opcodes.binary],
])('a callback goes out as one whole unmasked %s frame with the shortest length', (_, contentType, opcode) => {
  it.each(sizes)('%i bytes, with %i more bytes for the length', async (size, lengthForm) => {
    const peer = await pod.peer();
    const payload = Buffer.alloc(size, 'x');
    const answer = push(pod.pod.callback, peer.deviceId, payload, { 'Content-Type': contentType });

    const frame = await peer.frame();

    expect({ ...frame, payload: undefined }).toEqual({ ...proper, opcode, lengthForm, payload: undefined });
    expect(frame.payload.equals(payload)).toBe(true);
    expect((await answer).status).toBe(200);
  });
});

describe('a control frame of the pod', () => {
  it.each([0, 1, 124, 125])('is whole and unmasked: the pong to a ping of %i bytes', async (length) => {
    const peer = await pod.peer();
    const payload = Buffer.alloc(length, 'p');
    peer.client.send(clientFrame({ opcode: opcodes.ping, payload, key: Buffer.from('37fa213d', 'hex') }));

    expect(await peer.frame()).toEqual({ ...proper, opcode: opcodes.pong, lengthForm: 0, payload });
  });

  it.each([
    ['closes back', closePayload(4000), clientFrame({ opcode: opcodes.close, payload: closePayload(4000) })],
    ['closes for a protocol error', closePayload(1002), clientFrame({ opcode: 0x3 })],
  ])('is whole and unmasked: one that %s', async (_, payload, bytes) => {
    const peer = await pod.peer();
    peer.client.send(bytes);

    expect(await peer.frame()).toEqual({ ...proper, opcode: opcodes.close, lengthForm: 0, payload });
  });

  it('is whole and unmasked: the close of a device that is kicked', async () => {
    const peer = await pod.peer();
    await ask(pod.pod.callback, `/connections/${peer.deviceId}`, { method: 'DELETE' });

    const payload = closePayload(4503, 'kicked');
    expect(await peer.frame()).toEqual({ ...proper, opcode: opcodes.close, lengthForm: 0, payload });
  });

  it('is whole and unmasked: the ping of a quiet device', async () => {
    const clock = new SteppedClock();
    const quietPod = await runPod({ PING_INTERVAL_MS: '1000' }, undefined, clock);
    const client = await RawClient.device(quietPod.device, 'lamp-1');
    await clock.pass(1100);

    const ping = await client.take('a frame', parseServerFrame);

    expect(ping).toMatchObject({ ...proper, opcode: opcodes.ping, lengthForm: 0 });
  });
});

it('a welcome in envelope mode is one whole unmasked text frame', async () => {
  const client = await RawClient.connect(pod.pod.device);
  client.send(handshake('/connect?deviceId=envelope-1', { 'Sec-WebSocket-Protocol': 'ws-connect.v1' }));
  await client.answer();

  const welcome = await client.take('a frame', parseServerFrame);

  expect(welcome).toMatchObject({ ...proper, opcode: opcodes.text, lengthForm: 2 });
  expect(JSON.parse(String(welcome.payload))).toMatchObject({ type: 'welcome', deviceId: 'envelope-1' });
});
