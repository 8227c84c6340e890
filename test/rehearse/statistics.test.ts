import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rate, spread } from '../../src/rehearse/statistics.ts';

describe('the spread', () => {
  it('of nothing is undefined', () => {
    expect(spread([])).toBeUndefined();
  });

  it('of one value is that value', () => {
    expect(spread([7.4])).toEqual({ p50: 7, p99: 7, max: 7 });
  });

  it('of 1 to 1000, in any order, is 500, 990 and 1000', () => {
    const values = Array.from({ length: 1000 }, (_, index) => 1000 - index);

    expect(spread(values)).toEqual({ p50: 500, p99: 990, max: 1000 });
  });

  it('is in order, and its end is one of the values', () => {
    const lists = fc.array(fc.nat(100_000), { minLength: 1 });

    fc.assert(
      fc.property(lists, (values) => {
        const { p50, p99, max } = spread(values)!;

        expect([p50, p99, max]).toEqual([p50, p99, max].sort((a, b) => a - b));
        expect(max).toBe(Math.max(...values));
      }),
    );
  });
});

describe('the rate', () => {
  it('has the busiest second wherever it begins', () => {
    const times = [0, 900, 1100, 1400, 1899, 5000];

    expect(rate(times, [{ from: 0, to: 6000 }])).toEqual({ peak: 4, mean: 1, ratio: 4 });
  });

  it('counts nothing twice that is a second apart', () => {
    expect(rate([0, 1000, 2000], [{ from: 0, to: 3000 }])).toEqual({ peak: 1, mean: 1, ratio: 1 });
  });

  it('takes the mean over the time in at least one interval', () => {
    const intervals = [
      { from: 4000, to: 9000 },
      { from: 1000, to: 2000 },
      { from: 5000, to: 6000 },
      { from: 8000, to: 11_000 },
    ];

    expect(rate([1500, 5000, 8000, 9500], intervals).mean).toBe(4 / 8);
  });

  it('of nothing is 0', () => {
    expect(rate([], [])).toEqual({ peak: 0, mean: 0, ratio: 0 });
  });
});
