import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRefreshSpread, nextDeadline, nextTurn } from '../../src/connections/deadlines.ts';

const never = {
  lastDataAt: Infinity,
  lastSeenAt: Infinity,
  pingAt: Infinity,
  refreshAt: Infinity,
  tokenExpiresAt: Infinity,
  slowAt: Infinity,
  overdueAt: Infinity,
};
const settings = { idleAfterMs: 3000, pongTimeoutMs: 60_000 };

describe('the next deadline', () => {
  it.each([
    ['the ping', { pingAt: 7 }, 7],
    ['the refresh', { refreshAt: 7 }, 7],
    ['the end of the token', { tokenExpiresAt: 7 }, 7],
    ['the cut', { overdueAt: 7 }, 7],
    ['the patience with a slow reader', { slowAt: 7 }, 7],
    ['the silence', { lastSeenAt: 7 }, 60_007],
    ['idleness', { lastDataAt: 7 }, 3007],
    ['the earliest', { pingAt: 9, refreshAt: 8, overdueAt: 7 }, 7],
  ])('can be %s', (_, at, expected) => {
    expect(nextDeadline({ ...never, ...at }, true, settings)).toBe(expected);
  });

  it('is not idleness when the connection is not active', () => {
    expect(nextDeadline({ ...never, lastDataAt: 7 }, false, settings)).toBe(Infinity);
  });
});

describe('the refreshes of connections', () => {
  it('spread evenly over the period although all connected at once', () => {
    const spread = createRefreshSpread(20_000);

    const turns = Array.from({ length: 10_000 }, () => spread(123.4));

    const perSecond = Array.from({ length: 20 }, (_, second) => {
      return turns.filter((at) => Math.floor((at - 123.4) / 1000) === second).length;
    });
    expect(perSecond).toEqual(Array.from({ length: 20 }, () => 500));
  });

  it('come first within one period, whenever a device connects', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 100, max: 60_000 }), (now, periodMs) => {
        const at = createRefreshSpread(periodMs)(now);

        expect(at).toBeGreaterThanOrEqual(now);
        expect(at).toBeLessThan(now + periodMs + 1e-3);
      }),
    );
  });

  it('go on in their phase, and once, after the process was frozen for an hour', () => {
    const turns = [nextTurn(5000, 20_000, 5000), nextTurn(5000, 20_000, 5049), nextTurn(5000, 20_000, 3_600_000)];

    expect(turns).toEqual([25_000, 25_000, 3_605_000]);
  });
});
