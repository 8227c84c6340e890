import { describe, expect, it } from 'vitest';
import type { LengthForm } from '../support/rfc6455/frames.ts';
import { clientFrame, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardBinary, heardText, RfcPod } from '../support/rfc6455/peer.ts';

const maxPayloadBytes = 131_072;
const pod = new RfcPod({ MAX_PAYLOAD_BYTES: String(maxPayloadBytes) });

const lengths = [0, 1, 2, 125, 126, 127, 128, 65_535, 65_536, 65_537, maxPayloadBytes];

describe('a message in one frame (RFC 6455 §5.2)', () => {
  it.each(lengths)('of %i bytes of text comes whole', async (length) => {
    const payload = 'a'.repeat(length);

    expect(await pod.reaction(clientFrame({ opcode: opcodes.text, payload }))).toEqual(heardText(payload));
  });

  it.each(lengths)('of %i binary bytes comes whole', async (length) => {
    const payload = Buffer.from(Array.from({ length }, (_, index) => index % 256));

    expect(await pod.reaction(clientFrame({ opcode: opcodes.binary, payload }))).toEqual(heardBinary(payload));
  });

  it.each([
    ['text', opcodes.text],
    ['binary', opcodes.binary],
  ])('of %s with one byte more than MAX_PAYLOAD_BYTES closes with 1009', async (_, opcode) => {
    const payload = Buffer.alloc(maxPayloadBytes + 1);

    expect(await pod.reaction(clientFrame({ opcode, payload }))).toEqual(closed(1009));
  });

  it('is followed by the next one in the same TCP segment, and by another', async () => {
    const frames = ['first', 'second', 'third'].map((payload) => clientFrame({ opcode: opcodes.text, payload }));

    expect(await pod.reaction(...frames)).toEqual(heardText('first', 'second', 'third'));
  });
});

// A sender has to use the shortest form. A receiver need not mind, and gains nothing by it.
describe('a length in more bytes than it needs', () => {
  const cases: [number, LengthForm][] = [
    [0, 2],
    [1, 2],
    [125, 2],
    [0, 8],
    [1, 8],
    [125, 8],
    [126, 8],
    [65_535, 8],
  ];

  it.each(cases)('is understood: %i in %i bytes', async (length, lengthForm) => {
    const payload = Buffer.alloc(length, 'x');

    expect(await pod.reaction(clientFrame({ opcode: opcodes.binary, payload, lengthForm }))).toEqual(
      heardBinary(payload),
    );
  });
});

describe('a length that nobody accepts', () => {
  it.each([
    ['one more than MAX_PAYLOAD_BYTES', BigInt(maxPayloadBytes + 1)],
    ['2^32 - 1', 2n ** 32n - 1n],
    ['2^32', 2n ** 32n],
    ['2^53', 2n ** 53n],
    ['2^63 - 1', 2n ** 63n - 1n],
    ['2^63, whose highest bit has to be 0', 2n ** 63n],
    ['2^63 + 5, whose highest bit has to be 0', 2n ** 63n + 5n],
    ['2^64 - 1, whose highest bit has to be 0', 2n ** 64n - 1n],
  ])('closes with 1009 before the payload has come: %s', async (_, saidLength) => {
    expect(await pod.reaction(clientFrame({ opcode: opcodes.binary, saidLength, lengthForm: 8 }))).toEqual(
      closed(1009),
    );
  });
});

describe('a frame in two TCP segments', () => {
  const cutAnywhere = (frame: Buffer, headSize: number) =>
    Array.from({ length: headSize }, (_, index) => [index + 1, frame] as const);

  it.each(cutAnywhere(clientFrame({ opcode: opcodes.text, payload: 'Hello' }), 10))(
    'comes whole when it is cut after byte %i of a short head or its payload',
    async (size, frame) => {
      const segments = [frame.subarray(0, size), frame.subarray(size)];

      expect(await pod.reactionInSegments(segments)).toEqual(heardText('Hello'));
    },
  );

  const medium = 'm'.repeat(300);
  it.each(cutAnywhere(clientFrame({ opcode: opcodes.text, payload: medium }), 9))(
    'comes whole when it is cut after byte %i of a head with a length of 2 bytes',
    async (size, frame) => {
      const segments = [frame.subarray(0, size), frame.subarray(size)];

      expect(await pod.reactionInSegments(segments)).toEqual(heardText(medium));
    },
  );

  const large = 'l'.repeat(65_536);
  it.each(cutAnywhere(clientFrame({ opcode: opcodes.text, payload: large }), 15))(
    'comes whole when it is cut after byte %i of a head with a length of 8 bytes',
    async (size, frame) => {
      const segments = [frame.subarray(0, size), frame.subarray(size)];

      expect(await pod.reactionInSegments(segments)).toEqual(heardText(large));
    },
  );
});

describe('a frame in many TCP segments', () => {
  it.each([
    [11, 1],
    [200, 1],
    [1000, 1],
    [65_536, 250],
    [100_000, 100],
  ])('comes whole: %i bytes in segments of %i', async (length, segmentSize) => {
    const payload = Buffer.alloc(length, 'x');
    const frame = clientFrame({ opcode: opcodes.binary, payload });
    const segments = Array.from({ length: Math.ceil(frame.length / segmentSize) }, (_, index) =>
      frame.subarray(index * segmentSize, (index + 1) * segmentSize),
    );

    expect(await pod.reactionInSegments(segments)).toEqual(heardBinary(payload));
  });
});
