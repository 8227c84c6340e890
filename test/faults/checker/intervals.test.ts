import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Interval } from './intervals.ts';
import { longest, merge, subtract, touches } from './intervals.ts';

const interval = fc
  .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 10 }))
  .map(([from, length]): Interval => ({ from, to: from + length }));
const covers = (list: readonly Interval[], at: number) => list.some(({ from, to }) => from <= at && at < to);
const moments = Array.from({ length: 42 }, (_, at) => at);

it('merges without losing or adding a moment, in order and apart', () => {
  fc.assert(
    fc.property(fc.array(interval), (list) => {
      const merged = merge(list);

      for (const at of moments) expect(covers(merged, at)).toBe(covers(list, at));
      for (const [index, { from }] of merged.slice(1).entries()) expect(from).toBeGreaterThan(merged[index]!.to);
    }),
  );
});

it('subtracts exactly what is in the holes', () => {
  fc.assert(
    fc.property(interval, fc.array(interval), (whole, list) => {
      const left = subtract(whole, merge(list));

      for (const at of moments) expect(covers(left, at)).toBe(covers([whole], at) && !covers(list, at));
      for (const { from, to } of left) expect(from).toBeLessThan(to);
    }),
  );
});

it('touches what shares a moment with it, ends included', () => {
  fc.assert(
    fc.property(interval, fc.array(interval), (one, list) => {
      const expected = list.some(({ from, to }) => from <= one.to && to >= one.from);

      expect(touches(merge(list), one)).toBe(expected);
    }),
  );
});

it('finds the longest', () => {
  expect(longest([])).toBeUndefined();
  expect(
    longest([
      { from: 0, to: 2 },
      { from: 3, to: 9 },
      { from: 10, to: 12 },
    ]),
  ).toEqual({ from: 3, to: 9 });
});
