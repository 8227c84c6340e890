import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinPieces } from '../../src/connections/join-pieces.ts';

/** Bytes that are a view of a much larger read. */
function viewOf(bytes: Uint8Array, readBytes = 65_536): Buffer {
  const read = Buffer.alloc(Math.max(readBytes, bytes.length));
  read.set(bytes);
  return read.subarray(0, bytes.length);
}

const memoryOf = (pieces: Buffer[]) => new Set(pieces.map(({ buffer }) => buffer));

const bytesHeld = (pieces: Buffer[]) => [...memoryOf(pieces)].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe('pieces that are joined', () => {
  it('hold the same bytes, whatever comes when, and cost about as much memory', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 })), (turns) => {
        const pieces: Buffer[] = [];
        for (const turn of turns) {
          pieces.push(...turn.map((bytes) => viewOf(bytes)));
          joinPieces(pieces);
        }

        const expected = Buffer.concat(turns.flat());
        expect(Buffer.concat(pieces)).toEqual(expected);
        expect(bytesHeld(pieces)).toBeLessThanOrEqual(4 * expected.length + 512);
      }),
    );
  });

  it('become one', () => {
    const pieces = Array.from({ length: 10_000 }, () => viewOf(Buffer.from('a'), 1));

    joinPieces(pieces);

    expect(pieces).toEqual([Buffer.alloc(10_000, 'a')]);
  });

  it('are not copied when one piece is all there is, and it is about all that was read', () => {
    const piece = Buffer.alloc(1000, 'a');
    const pieces = [piece];

    joinPieces(pieces);

    expect(pieces[0]).toBe(piece);
  });

  it('let go of the large read that a small piece is a view of', () => {
    const pieces = [viewOf(Buffer.from('abc'))];

    joinPieces(pieces);

    expect(pieces).toEqual([Buffer.from('abc')]);
    expect(bytesHeld(pieces)).toBe(3);
  });

  it('are copied about twice at most, however they trickle in', () => {
    const pieces: Buffer[] = [];
    let copies = 0;
    for (let count = 0; count < 10_000; count += 1) {
      const [before] = memoryOf(pieces);
      pieces.push(viewOf(Buffer.from('a'), 1));
      joinPieces(pieces);
      const [after] = memoryOf(pieces);
      if (before !== after) copies += pieces[0]!.length;
    }

    expect(copies).toBeLessThanOrEqual(2 * 10_000);
  });

  it('never write into what stands behind a piece of somebody else', () => {
    const read = Buffer.from('abcdef');
    const pieces = [read.subarray(0, 3), Buffer.from('XYZ')];

    joinPieces(pieces);

    expect(pieces).toEqual([Buffer.from('abcXYZ')]);
    expect(read).toEqual(Buffer.from('abcdef'));
  });

  it('never write into what is left of a joined piece that was cut', () => {
    const pieces = [Buffer.from('abc'), Buffer.from('def')];
    joinPieces(pieces);
    const joined = pieces[0]!;
    const front = joined.subarray(0, 3);
    const others = [front, Buffer.from('XYZ')];

    joinPieces(others);

    expect(others).toEqual([Buffer.from('abcXYZ')]);
    expect(joined).toEqual(Buffer.from('abcdef'));
  });
});
