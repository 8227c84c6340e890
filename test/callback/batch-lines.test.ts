import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Lines, tooLong } from '@ws-connect/callback-client/internal/batch-lines';

/** The lines of a text that comes in these pieces; null for one that is too long. */
function linesOf(chunks: readonly string[], limit = 10): (string | null)[] {
  const lines = new Lines(limit);
  const all = [...chunks.flatMap((chunk) => [...lines.take(Buffer.from(chunk))]), ...lines.rest()];
  return all.map((line) => (line === tooLong ? null : line.toString()));
}

it('lines are what stands between line feeds, and what comes after the last one', () => {
  expect(linesOf(['one\ntwo\n\nthr', 'ee'])).toEqual(['one', 'two', '', 'three']);
});

it('a line feed at the end begins no line', () => {
  expect(linesOf(['one\n'])).toEqual(['one']);
  expect(linesOf([])).toEqual([]);
});

it.each([
  ['in one piece', ['12345678901\nnext\n']],
  ['in two', ['1234567890', '1\nnext\n']],
  ['byte by byte', '12345678901\nnext\n'.split('')],
  ['long before its end', ['x'.repeat(100), 'x'.repeat(100), '\nnext\n']],
])('a line one byte too long is one (%s), and the next one is as it is', (_how, chunks) => {
  expect(linesOf(chunks)).toEqual([null, 'next']);
});

it('a last line that is too long is one as well', () => {
  expect(linesOf(['12345678901'])).toEqual([null]);
  expect(linesOf(['1234567890'])).toEqual(['1234567890']);
});

it('however the bytes come in pieces, the lines are the same', () => {
  const text = fc.array(fc.stringMatching(/^[ab]{0,14}$/), { maxLength: 12 }).map((lines) => lines.join('\n'));
  const cuts = fc.array(fc.nat(200), { maxLength: 20 });

  fc.assert(
    fc.property(text, cuts, (whole, at) => {
      const ends = [...new Set([0, ...at.map((cut) => cut % (whole.length + 1)), whole.length])].sort((a, b) => a - b);
      const chunks = ends.slice(1).map((end, index) => whole.slice(ends[index], end));
      const expected = whole.split('\n').map((line) => (line.length > 10 ? null : line));

      expect(linesOf(chunks)).toEqual(expected.at(-1) === '' ? expected.slice(0, -1) : expected);
    }),
  );
});

it('a line that was given out is not written over by the next one', () => {
  const lines = new Lines(10);
  const given = ['a', 'bc\n', 'x', 'yz\n'].flatMap((chunk) => [...lines.take(Buffer.from(chunk))]);

  expect(given.map(String)).toEqual(['abc', 'xyz']);
});
