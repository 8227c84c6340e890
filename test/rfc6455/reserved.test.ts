import { describe, expect, it } from 'vitest';
import { clientFrame, closePayload, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardText, protocolError, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const bits: [string, number][] = [
  ['RSV1', 4],
  ['RSV2', 2],
  ['RSV3', 1],
  ['RSV1 and RSV2', 6],
  ['RSV1 and RSV3', 5],
  ['RSV2 and RSV3', 3],
  ['all three', 7],
];
const [first, last] = fragments(opcodes.text, ['Hel', 'lo']) as [Buffer, Buffer];

describe.each(bits)(
  'a reserved bit closes with 1002, for no extension was negotiated (RFC 6455 §5.2): %s',
  (_, rsv) => {
    it.each([
      ['a text frame', opcodes.text, 'Hello'],
      ['a binary frame', opcodes.binary, 'Hello'],
      ['a ping', opcodes.ping, 'Hello'],
      ['a pong', opcodes.pong, 'Hello'],
      ['a close frame', opcodes.close, closePayload(1000)],
    ])('in %s', async (_frame, opcode, payload) => {
      expect(await pod.reaction(clientFrame({ opcode, payload, rsv }))).toEqual(protocolError);
    });

    it('in a first fragment', async () => {
      const frame = clientFrame({ opcode: opcodes.text, payload: 'Hel', rsv, fin: false });

      expect(await pod.reaction(frame, last)).toEqual(protocolError);
    });

    it('in a later fragment', async () => {
      const frame = clientFrame({ opcode: opcodes.continuation, payload: 'lo', rsv });

      expect(await pod.reaction(first, frame)).toEqual(protocolError);
    });

    it('after a message that is heard', async () => {
      const message = clientFrame({ opcode: opcodes.text, payload: 'Hello' });
      const frame = clientFrame({ opcode: opcodes.text, payload: 'Hello', rsv });

      expect(await pod.reaction(message, frame)).toEqual({ ...heardText('Hello'), close: 1002 });
    });
  },
);

describe.each([0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf])(
  'the reserved opcode %i closes with 1002',
  (opcode) => {
    it.each([
      ['without a payload', { opcode }],
      ['with a payload', { opcode, payload: 'Hello' }],
      ['in a first fragment', { opcode, payload: 'Hello', fin: false }],
      ['with a payload of 126 bytes', { opcode, payload: Buffer.alloc(126) }],
    ])('%s', async (_, frame) => {
      expect(await pod.reaction(clientFrame(frame))).toEqual(protocolError);
    });

    it('between the fragments of a message', async () => {
      expect(await pod.reaction(first, clientFrame({ opcode }), last)).toEqual(closed(1002));
    });
  },
);
