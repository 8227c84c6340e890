import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { connectHeard, cut, fragments, maskedFrame } from '../support/cut-messages.ts';
import { until } from '../support/until.ts';

const text = 1;
const binary = 2;
const ping = 9;
const MiB = 1_048_576;

/** Text of this many bytes, with characters of one to four bytes. */
function textOf(bytes: number): Buffer {
  const whole = Buffer.from('aß€😀'.repeat(Math.ceil(bytes / 10)));
  let end = bytes;
  while (end > 0 && (whole[end]! & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([whole.subarray(0, end), Buffer.alloc(bytes - end, 'x')]);
}

/** What ws keeps of the message that is being received. */
const piecesOf = (socket: WebSocket) => Reflect.get(Reflect.get(socket, '_receiver'), '_fragments') as Buffer[];
const bytesOf = (socket: WebSocket) => piecesOf(socket).reduce((sum, { length }) => sum + length, 0);

describe('a message within MAX_PAYLOAD_BYTES arrives', () => {
  it.each([
    ['40 kB in fragments of 512 bytes', 65_536, 40_000, 512],
    ['6.5 kB in fragments of 100 bytes', 65_536, 6500, 100],
    ['100 kB in fragments of 1,024 bytes', MiB, 100_000, 1024],
    ['the largest message in fragments of one byte', 65_536, 65_536, 1],
    ['a message of one MiB in fragments of 7 bytes', MiB, MiB, 7],
    ['the largest message in one frame', 65_536, 65_536, 65_536],
  ])('%s', async (_what, maxPayloadBytes, size, fragmentBytes) => {
    const { client, heard } = await connectHeard(maxPayloadBytes);
    const message = textOf(size);

    client.send(fragments(text, message, [fragmentBytes]));
    await until(() => heard.length > 0);

    expect(heard).toHaveLength(1);
    expect(heard[0]!.data.equals(message)).toBe(true);
    expect(heard[0]!.binary).toBe(false);
  });

  it.each([
    ['a frame of 64 KiB in TCP segments of 250 bytes', 65_536, 250],
    ['a frame of 3,000 bytes in TCP segments of one byte', 3000, 1],
    ['a frame of 64 KiB in TCP segments of 1,460 bytes', 65_536, 1460],
  ])('%s', async (_what, size, segmentBytes) => {
    const { heard, sendApart } = await connectHeard(65_536);
    const message = textOf(size);

    await sendApart(cut(fragments(binary, message, [size]), [segmentBytes]));
    await until(() => heard.length > 0);

    expect(heard).toHaveLength(1);
    expect(heard[0]!.data.equals(message)).toBe(true);
  });

  it('however it is cut into fragments and TCP segments, with pings in between', async () => {
    const { heard, sendApart } = await connectHeard(4096);
    const sizes = (max: number) => fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 8 });
    const messages = fc.array(
      fc.record({
        opcode: fc.constantFrom(text, binary),
        size: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 4096 })),
        fragmentBytes: sizes(2000),
        pingBefore: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    );

    await fc.assert(
      fc.asyncProperty(messages, sizes(3000), async (sent, segmentBytes) => {
        heard.length = 0;
        const bytes = sent.flatMap(({ opcode, size, fragmentBytes, pingBefore }) => [
          ...(pingBefore ? [maskedFrame(ping, Buffer.from('are you there'))] : []),
          fragments(opcode, textOf(size), fragmentBytes),
        ]);
        await sendApart(cut(Buffer.concat(bytes), segmentBytes));
        await until(() => heard.length >= sent.length);

        expect(heard).toEqual(sent.map(({ opcode, size }) => ({ data: textOf(size), binary: opcode === binary })));
      }),
      { numRuns: 150 },
    );
  });

  it('also when it comes in the middle of a read with thousands of others', async () => {
    const { client, heard } = await connectHeard(65_536);
    const small = Array.from({ length: 5000 }, (_, index) => Buffer.from(`${index}`));
    const large = textOf(60_000);
    const messages = [...small, large, ...small];

    client.send(Buffer.concat(messages.map((message) => fragments(binary, message, [50_000]))));
    await until(() => heard.length === messages.length);

    expect(Buffer.concat(heard.map(({ data }) => data)).equals(Buffer.concat(messages))).toBe(true);
  });
});

describe('a message larger than MAX_PAYLOAD_BYTES', () => {
  it.each([
    ['in one frame', 1025],
    ['in fragments of one byte', 1],
    ['in fragments of 100 bytes', 100],
  ])('closes with 1009 %s', async (_how, fragmentBytes) => {
    const { client, heard } = await connectHeard(1024);

    client.send(fragments(binary, Buffer.alloc(1025), [fragmentBytes]));

    expect(await client.closeFrame()).toMatchObject({ code: 1009 });
    expect(heard).toEqual([]);
  });
});

it('what a message in small pieces keeps in memory is about its size', async () => {
  const { client, socket } = await connectHeard(65_536);
  const lastFragmentBytes = 7;

  client.send(fragments(binary, Buffer.alloc(60_001), [1]).subarray(0, -lastFragmentBytes));
  const pieces = await until(() => bytesOf(socket) === 60_000 && piecesOf(socket));

  expect(pieces.length).toBe(1);
  expect(pieces[0]!.length).toBe(60_000);
  expect(pieces[0]!.buffer.byteLength).toBeLessThanOrEqual(2 * 60_000);
});

it('thousands of messages in one read leave the event loop to others in between', async () => {
  const { client, heard } = await connectHeard(65_536);
  const message = maskedFrame(binary, Buffer.from('a'));
  const count = 50_000;
  let before = 0;
  let largestStep = 0;

  client.send(Buffer.concat(Array.from({ length: count }, () => message)));
  await until(() => {
    largestStep = Math.max(largestStep, heard.length - before);
    before = heard.length;
    return before === count;
  });

  expect(largestStep).toBeLessThan(9000); // what one read of 64 KiB holds
});
