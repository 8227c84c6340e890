import { describe, expect, it } from 'vitest';
import { clientFrame, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardBinary, heardText, nothing, protocolError, RfcPod } from '../support/rfc6455/peer.ts';

const maxPayloadBytes = 131_072;
const pod = new RfcPod({ MAX_PAYLOAD_BYTES: String(maxPayloadBytes) });

const { continuation, text, binary } = opcodes;

/** A payload in pieces of this size; the last may be shorter. */
function cut(payload: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(payload.length / size) }, (_, index) =>
    payload.subarray(index * size, (index + 1) * size),
  );
}

describe('a continuation of nothing closes with 1002 (RFC 6455 §5.4)', () => {
  it.each([
    ['the last fragment', { fin: true, payload: 'Hello' }],
    ['the last fragment, empty', { fin: true }],
    ['a fragment with more to come', { fin: false, payload: 'Hello' }],
    ['an empty fragment with more to come', { fin: false }],
  ])('%s', async (_, frame) => {
    expect(await pod.reaction(clientFrame({ opcode: continuation, ...frame }))).toEqual(protocolError);
  });

  it('after a message in one frame, which is heard', async () => {
    const frames = [clientFrame({ opcode: text, payload: 'Hello' }), clientFrame({ opcode: continuation })];

    expect(await pod.reaction(...frames)).toEqual({ ...heardText('Hello'), close: 1002 });
  });

  it('after a message in fragments, which is heard', async () => {
    const frames = [...fragments(text, ['Hel', 'lo']), clientFrame({ opcode: continuation, payload: '!' })];

    expect(await pod.reaction(...frames)).toEqual({ ...heardText('Hello'), close: 1002 });
  });
});

describe.each([
  ['text', text],
  ['binary', binary],
])('within a message of %s in fragments, a new one closes with 1002', (_, outer) => {
  it.each([
    ['a whole text', { opcode: text, fin: true }],
    ['a whole binary message', { opcode: binary, fin: true }],
    ['the first fragment of a text', { opcode: text, fin: false }],
    ['the first fragment of a binary message', { opcode: binary, fin: false }],
  ])('%s', async (_frame, frame) => {
    const [first, last] = fragments(outer, ['Hel', 'lo']) as [Buffer, Buffer];

    expect(await pod.reaction(first, clientFrame({ ...frame, payload: 'Hello' }), last)).toEqual(protocolError);
  });
});

describe.each([
  ['text', text, heardText],
  ['binary', binary, heardBinary],
])('a message of %s in fragments comes whole', (_, opcode, heard) => {
  it.each([
    ['the first empty', ['', 'Hello']],
    ['one in the middle empty', ['Hel', '', 'lo']],
    ['the last empty', ['Hello', '']],
    ['only one not empty', ['', '', 'Hello', '', '']],
    ['all empty', ['', '', '']],
  ])('%s', async (_pieces, pieces) => {
    expect(await pod.reaction(...fragments(opcode, pieces))).toEqual(heard(pieces.join('')));
  });

  it.each([2, 3, 10, 63, 64, 65, 100, 1000, 10_000])('in %i fragments of one byte', async (count) => {
    const pieces = Array.from({ length: count }, (_piece, index) => String(index % 10));

    expect(await pod.reaction(...fragments(opcode, pieces))).toEqual(heard(pieces.join('')));
  });

  it.each([
    [40_000, 512],
    [100_000, 1024],
    [maxPayloadBytes, 65_536],
    [maxPayloadBytes, 1460],
  ])('%i bytes in fragments of %i', async (length, size) => {
    const payload = Buffer.alloc(length, 'x');

    expect(await pod.reaction(...fragments(opcode, cut(payload, size)))).toEqual(heard(payload));
  });

  it('each in a TCP segment of its own, as a voice that is sent while it is spoken', async () => {
    const payload = Buffer.alloc(6500, 'v');

    expect(await pod.reactionInSegments(fragments(opcode, cut(payload, 100)))).toEqual(heard(payload));
  });

  it('whose frames are cut anywhere by TCP', async () => {
    const payload = Buffer.from('a message in six fragments');
    const bytes = Buffer.concat(fragments(opcode, cut(payload, 5)));

    expect(await pod.reactionInSegments(cut(bytes, 7))).toEqual(heard(payload));
  });

  it('and the messages after it too', async () => {
    const frames = [
      ...fragments(opcode, ['a', 'b']),
      ...fragments(opcode, ['c', 'd', 'e']),
      ...fragments(opcode, ['f']),
    ];

    expect(await pod.reaction(...frames)).toEqual(heard('ab', 'cde', 'f'));
  });
});

it.each([
  ['text', text],
  ['binary', binary],
])('a message of %s is not heard before its last fragment', async (_, opcode) => {
  const [first] = fragments(opcode, ['Hel', 'lo']) as [Buffer, Buffer];

  expect(await pod.reaction(first)).toEqual(nothing);
});

it.each([
  [65_536, 3],
  [1024, 129],
  [1, maxPayloadBytes + 1],
])(
  'fragments of %i bytes, %i of them, are more than MAX_PAYLOAD_BYTES together and close with 1009',
  async (size, count) => {
    const payload = Buffer.alloc(size * count);

    expect(await pod.reaction(Buffer.concat(fragments(binary, cut(payload, size))))).toEqual(closed(1009));
  },
);
