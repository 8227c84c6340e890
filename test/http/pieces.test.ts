import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Pieces } from '@ws-connect/callback-client/internal/pieces';

it('bytes that come in pieces are the same in the end, however they are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }), (cut) => {
      const pieces = new Pieces();
      for (const piece of cut) pieces.add(Buffer.from(piece));

      expect(pieces.size).toBe(Buffer.concat(cut).length);
      expect(pieces.take()).toEqual(Buffer.concat(cut));
    }),
  );
});

it('bytes that were taken are not written over by those that come next', () => {
  const pieces = new Pieces();
  for (const letter of 'abc') pieces.add(Buffer.from(letter));
  const taken = pieces.take();
  for (const letter of 'xyz') pieces.add(Buffer.from(letter));

  expect(taken.toString()).toBe('abc');
  expect(pieces.take().toString()).toBe('xyz');
  expect(pieces.size).toBe(0);
});

it('a single piece that has its memory for itself is not copied', () => {
  const piece = Buffer.alloc(100);
  const pieces = new Pieces();
  pieces.add(piece);

  expect(pieces.take().buffer).toBe(piece.buffer);
});

it('a piece does not keep the large chunk in memory that it is cut from', () => {
  const chunk = Buffer.alloc(65_536);
  const pieces = new Pieces();
  pieces.add(chunk.subarray(0, 10));

  expect(pieces.take().buffer.byteLength).toBe(10);
});

it('a hundred thousand pieces of one byte take about a hundred thousand bytes', () => {
  const pieces = new Pieces();
  for (let count = 0; count < 100_000; count += 1) pieces.add(Buffer.alloc(1));

  expect(pieces.take().buffer.byteLength).toBeLessThanOrEqual(200_000);
});
