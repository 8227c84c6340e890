import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DrainSettings } from '../../machines/drain-plan.ts';
import { loadConfig } from '../../src/config.ts';
import { closeTimeoutMs, exitMarginMs, leaveTimeoutMs, planDrain, sweepQuota } from '../../machines/drain-plan.ts';

const settings: DrainSettings = {
  sweeps: 4,
  intervalMs: 3000,
  minBatch: 10,
  pace: 'even',
  deadlineMs: 20_000,
  graceMs: 25_000,
};

const lastMs = leaveTimeoutMs + closeTimeoutMs;

describe('a drain plan', () => {
  test('lasts all sweeps, the time for the rest, and the last to leave and to close', () => {
    const { longestMs, restMs } = planDrain(settings);

    expect(longestMs).toBe(4 * 3000 + restMs + lastMs);
  });

  test.each([
    [
      'a quarter of the sweeps, when there are many and the deadline is far',
      { sweeps: 20, deadlineMs: 300_000 },
      15_000,
    ],
    ['what the deadline leaves of that', { sweeps: 20, deadlineMs: 70_000 }, 70_000 - 60_000 - lastMs - 500],
    ['an interval when the deadline leaves less', { sweeps: 20, deadlineMs: 64_000 }, 3000],
    ['an interval when a quarter of the sweeps is less', { sweeps: 1, deadlineMs: 300_000 }, 3000],
  ])('has for the rest %s', (_, change, expected) => {
    const { restMs } = planDrain({ ...settings, graceMs: 400_000, ...change });

    expect(restMs).toBe(expected);
  });

  test('with defaults ends before its deadline, however many are active to the last', () => {
    const { longestMs, forcedAfterMs, restMs } = loadConfig({}).drainPlan;

    expect([longestMs, forcedAfterMs, restMs]).toEqual([24_500, 25_000, 1000]);
  });

  test('has no time for the rest in a burst, which leaves none', () => {
    const { longestMs } = planDrain({ ...settings, pace: 'burst' });

    expect(longestMs).toBe(4 * 3000 + lastMs);
  });

  test('fits a grace period that holds it and the exit margin to the millisecond', () => {
    const longestMs = 5 * 3000 + lastMs;

    const exact = planDrain({ ...settings, graceMs: longestMs + exitMarginMs });
    const short = planDrain({ ...settings, graceMs: longestMs + exitMarginMs - 1 });

    expect([exact.fits, short.fits]).toEqual([true, false]);
  });

  test('is forced to end at the deadline', () => {
    const { forcedAfterMs } = planDrain(settings);

    expect(forcedAfterMs).toBe(20_000);
  });

  test('is forced to end earlier when the grace period less the exit margin is shorter', () => {
    const { forcedAfterMs } = planDrain({ ...settings, graceMs: 12_000 });

    expect(forcedAfterMs).toBe(12_000 - exitMarginMs);
  });

  test('is forced to end at once, and not in the past, without any grace', () => {
    const { forcedAfterMs } = planDrain({ ...settings, graceMs: 500 });

    expect(forcedAfterMs).toBe(0);
  });

  test('keeps its settings', () => {
    const plan = planDrain(settings);

    expect(plan).toMatchObject(settings);
  });
});

describe('the quota of a sweep', () => {
  test('is an equal share of those who remain, rounded up', () => {
    const quotas = [4, 3, 2, 1].map((sweepsLeft) => sweepQuota(settings, 101, sweepsLeft));

    expect(quotas).toEqual([26, 34, 51, 101]);
  });

  test('is never less than the smallest batch', () => {
    const quota = sweepQuota(settings, 12, 4);

    expect(quota).toBe(10);
  });

  test('is everybody in a burst', () => {
    const quota = sweepQuota({ ...settings, pace: 'burst' }, 5000, 4);

    expect(quota).toBe(5000);
  });

  const drains = fc.record({
    remaining: fc.nat(200_000),
    sweeps: fc.integer({ min: 1, max: 100 }),
    minBatch: fc.integer({ min: 1, max: 500 }),
    pace: fc.constantFrom('even' as const, 'burst' as const),
  });

  test('sweeps everybody out within the sweeps when all are idle', () => {
    fc.assert(
      fc.property(drains, ({ remaining, ...drain }) => {
        let left = remaining;

        for (let sweepsLeft = drain.sweeps; sweepsLeft >= 1; sweepsLeft -= 1) {
          left -= Math.min(left, sweepQuota({ ...settings, ...drain }, left, sweepsLeft));
        }

        expect(left).toBe(0);
      }),
    );
  });

  test('at an even pace closes no more at once than the fair share of the start or the smallest batch', () => {
    fc.assert(
      fc.property(drains, ({ remaining, sweeps, minBatch }) => {
        const most = Math.max(minBatch, Math.ceil(remaining / sweeps));
        let left = remaining;

        for (let sweepsLeft = sweeps; sweepsLeft >= 1; sweepsLeft -= 1) {
          const quota = sweepQuota({ ...settings, sweeps, minBatch }, left, sweepsLeft);
          expect(quota).toBeLessThanOrEqual(most);
          left -= Math.min(left, quota);
        }
      }),
    );
  });
});
