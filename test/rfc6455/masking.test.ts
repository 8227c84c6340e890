import { describe, expect, it } from 'vitest';
import { clientFrame, closePayload, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { heardBinary, heardText, protocolError, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const { text, binary, ping, pong, close, continuation } = opcodes;
const unmasked = null;
const rfcKey = Buffer.from('37fa213d', 'hex');

describe('an unmasked frame closes with 1002 (RFC 6455 §5.1)', () => {
  it.each([
    ['a text', { opcode: text, payload: 'Hello' }],
    ['an empty text', { opcode: text }],
    ['a binary message', { opcode: binary, payload: 'Hello' }],
    ['126 bytes', { opcode: binary, payload: Buffer.alloc(126) }],
    ['65,536 bytes', { opcode: binary, payload: Buffer.alloc(65_536) }],
    ['a first fragment', { opcode: text, payload: 'Hel', fin: false }],
    ['a ping', { opcode: ping, payload: 'Hello' }],
    ['an empty ping', { opcode: ping }],
    ['a pong', { opcode: pong }],
    ['a close', { opcode: close, payload: closePayload(1000) }],
  ])('%s', async (_, frame) => {
    expect(await pod.reaction(clientFrame({ ...frame, key: unmasked }))).toEqual(protocolError);
  });

  it('that continues a masked one', async () => {
    const [first] = fragments(text, ['Hel', 'lo']) as [Buffer, Buffer];
    const last = clientFrame({ opcode: continuation, payload: 'lo', key: unmasked });

    expect(await pod.reaction(first, last)).toEqual(protocolError);
  });

  it('after a message that was masked and is heard', async () => {
    const message = clientFrame({ opcode: text, payload: 'Hello' });
    const frame = clientFrame({ opcode: text, payload: 'Hello', key: unmasked });

    expect(await pod.reaction(message, frame)).toEqual({ ...heardText('Hello'), close: 1002 });
  });
});

describe('a masked payload is unmasked (RFC 6455 §5.3)', () => {
  it('as in the example of §5.7', async () => {
    const frame = Buffer.from('818537fa213d7f9f4d5158', 'hex');

    expect(await pod.reaction(frame)).toEqual(heardText('Hello'));
  });

  it.each(['00000000', 'ffffffff', '01020304', '00000001', '80000000', '0000ff00', '37fa213d', 'deadbeef'])(
    'with the key %s',
    async (hex) => {
      const payload = Buffer.from(Array.from({ length: 259 }, (_, index) => index % 256));
      const frame = clientFrame({ opcode: binary, payload, key: Buffer.from(hex, 'hex') });

      expect(await pod.reaction(frame)).toEqual(heardBinary(payload));
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 47, 48, 49])('of %i bytes, a multiple of four or not', async (length) => {
    const payload = Buffer.from(Array.from({ length }, (_, index) => 255 - index));

    expect(await pod.reaction(clientFrame({ opcode: binary, payload, key: rfcKey }))).toEqual(heardBinary(payload));
  });

  it('when its own bytes are those of the key', async () => {
    expect(await pod.reaction(clientFrame({ opcode: binary, payload: rfcKey, key: rfcKey }))).toEqual(
      heardBinary(rfcKey),
    );
  });

  it('in every fragment with a key of its own', async () => {
    const frames = [
      clientFrame({ opcode: text, payload: 'Hel', fin: false, key: rfcKey }),
      clientFrame({ opcode: continuation, payload: 'lo t', fin: false, key: Buffer.from('01020304', 'hex') }),
      clientFrame({ opcode: continuation, payload: 'here', key: Buffer.from('ffffffff', 'hex') }),
    ];

    expect(await pod.reaction(...frames)).toEqual(heardText('Hello there'));
  });

  it('in a ping, and the pong has it unmasked', async () => {
    const reaction = await pod.reaction(clientFrame({ opcode: ping, payload: 'Hello', key: rfcKey }));

    expect(reaction.pongs).toEqual([Buffer.from('Hello')]);
  });

  it('in a close frame, whose code comes back', async () => {
    const frame = clientFrame({ opcode: close, payload: closePayload(4000), key: rfcKey });

    expect((await pod.reaction(frame)).close).toBe(4000);
  });

  it('when the segments of TCP cut it within the key', async () => {
    const frame = clientFrame({ opcode: text, payload: 'Hello', key: rfcKey });

    const reaction = await pod.reactionInSegments([frame.subarray(0, 4), frame.subarray(4, 8), frame.subarray(8)]);

    expect(reaction).toEqual(heardText('Hello'));
  });
});
