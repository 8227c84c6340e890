import { describe, expect, it } from 'vitest';
import type { LengthForm } from '../support/rfc6455/frames.ts';
import { clientFrame, closeFrame, fragments, opcodes } from '../support/rfc6455/frames.ts';
import { closed, heardText, nothing, protocolError, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const { ping, pong, close, text } = opcodes;
const controls = [
  ['ping', ping],
  ['pong', pong],
  ['close', close],
] as const;

/** As many pings in one write. */
const pings = (count: number) =>
  Array.from({ length: count }, (_, index) => clientFrame({ opcode: ping, payload: `ping ${index}` }));

describe('a ping is answered with its own application data (RFC 6455 §5.5.3)', () => {
  it.each([0, 1, 2, 8, 64, 124, 125])('of %i bytes', async (length) => {
    const payload = Buffer.alloc(length, 'p');

    expect(await pod.reaction(clientFrame({ opcode: ping, payload }))).toEqual({ ...nothing, pongs: [payload] });
  });

  it.each([
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0xc0])],
    ['zeros', Buffer.alloc(8)],
    ['the bytes of a frame', Buffer.from([0x88, 0x02, 0x03, 0xe8])],
  ])('that is %s', async (_, payload) => {
    expect(await pod.reaction(clientFrame({ opcode: ping, payload }))).toEqual({ ...nothing, pongs: [payload] });
  });

  it('that comes one byte a segment', async () => {
    const frame = clientFrame({ opcode: ping, payload: 'slowly' });

    const reaction = await pod.reactionInSegments([...frame].map((byte) => Buffer.from([byte])));

    expect(reaction).toEqual({ ...nothing, pongs: [Buffer.from('slowly')] });
  });

  it('that comes before a message and one that comes after it', async () => {
    const message = clientFrame({ opcode: text, payload: 'message' });
    const [before, after] = pings(2);

    const reaction = await pod.reaction(before!, message, after!);

    expect(reaction).toEqual({ ...heardText('message'), pongs: [Buffer.from('ping 0'), Buffer.from('ping 1')] });
  });
});

describe('many pings in one write', () => {
  // The end of every case is one more ping, whose pong shows that the last of them is answered. The others need no answer of their own.
  it.each([2, 10, 60, 61, 62, 100, 1000, 10_000])('%i: the last is answered and nothing is closed', async (count) => {
    const { close: code, pongs, messages } = await pod.reaction(...pings(count));

    expect({ code, messages }).toEqual({ code: undefined, messages: [] });
    const numbers = pongs.map((payload) => Number(/^ping (\d+)$/.exec(String(payload))?.[1]));
    expect(numbers, 'pongs come in the order of their pings, each once').toEqual(
      [...new Set(numbers)].sort((a, b) => a - b),
    );
  });

  it('do not lose the messages between them', async () => {
    const frames = pings(100).flatMap((frame, index) => [frame, clientFrame({ opcode: text, payload: `m ${index}` })]);

    const { messages } = await pod.reaction(...frames);

    expect(messages).toEqual(heardText(...Array.from({ length: 100 }, (_, index) => `m ${index}`)).messages);
  });
});

describe('a pong that nobody asked for is taken without an answer', () => {
  it.each([0, 5, 125])('of %i bytes', async (length) => {
    expect(await pod.reaction(clientFrame({ opcode: pong, payload: Buffer.alloc(length) }))).toEqual(nothing);
  });

  it('even a thousand times', async () => {
    const frames = Array.from({ length: 1000 }, () => clientFrame({ opcode: pong, payload: 'unasked' }));

    expect(await pod.reaction(...frames)).toEqual(nothing);
  });
});

describe.each(controls)('a %s frame closes with 1002 (RFC 6455 §5.5)', (_, opcode) => {
  const tooLong: [number, LengthForm][] = [
    [126, 2],
    [127, 2],
    [65_535, 2],
    [65_536, 8],
    [5, 2],
    [5, 8],
  ];

  it.each(tooLong)('when its length of %i comes in %i bytes of their own', async (length, lengthForm) => {
    const frame = clientFrame({ opcode, payload: Buffer.alloc(length, 3), lengthForm });

    expect(await pod.reaction(frame)).toEqual(protocolError);
  });

  it.each(['', 'some'])('when it is a first fragment: "%s"', async (payload) => {
    expect(await pod.reaction(clientFrame({ opcode, payload, fin: false }))).toEqual(protocolError);
  });

  it('when it is a fragment within a message', async () => {
    const [first, last] = fragments(text, ['Hel', 'lo']);

    expect(await pod.reaction(first!, clientFrame({ opcode, fin: false }), last!)).toEqual(protocolError);
  });
});

describe('between the fragments of a message', () => {
  const [first, middle, last] = fragments(text, ['Hel', 'lo ', 'there']) as [Buffer, Buffer, Buffer];

  it('a ping is answered at once, and the message comes whole', async () => {
    const peer = await pod.peer();
    peer.client.send(Buffer.concat([first, clientFrame({ opcode: ping, payload: 'now' })]));
    const { opcode, payload } = await peer.frame();
    const before = peer.messages;

    const reaction = await peer.reaction(middle, last);

    expect({ opcode, payload: String(payload), before }).toEqual({ opcode: pong, payload: 'now', before: [] });
    expect(reaction).toEqual(heardText('Hello there'));
  });

  it('pings are answered wherever they are', async () => {
    const [a, b] = pings(2);

    const reaction = await pod.reaction(first, a!, middle, b!, last);

    expect(reaction).toEqual({ ...heardText('Hello there'), pongs: [Buffer.from('ping 0'), Buffer.from('ping 1')] });
  });

  it('a pong changes nothing', async () => {
    const unasked = clientFrame({ opcode: pong, payload: 'unasked' });

    expect(await pod.reaction(first, unasked, middle, unasked, last)).toEqual(heardText('Hello there'));
  });

  it('a close ends the connection, and the message is not heard', async () => {
    expect(await pod.reaction(first, closeFrame(1000), middle, last)).toEqual(closed(1000));
  });
});
