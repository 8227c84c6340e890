import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isoTime } from '../../src/base/clock.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');

/** Time passes on both clocks. The machine's shows whole milliseconds, and may have been read a moment later. */
function pass(clock: SteppedClock, ms: number, lateMs = 0): void {
  clock.increment(ms);
  vi.setSystemTime(Math.floor(Date.now() + ms + lateMs));
}

describe('a point on the clock as ISO 8601', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }));
  afterEach(() => void vi.useRealTimers());

  it('is the same whenever it is asked for', () => {
    const clock = new SteppedClock();
    const times = new Set([isoTime(clock, 0)]);

    for (const [ms, lateMs] of [[1.7], [0.4, 3], [60_000], [3_600_000.9]] as const) {
      pass(clock, ms, lateMs);
      times.add(isoTime(clock, 0));
    }

    expect([...times]).toEqual(['2026-01-01T00:00:00.000Z']);
  });

  it('is as far from another as they are on the clock', () => {
    const clock = new SteppedClock();

    const [one, later] = [isoTime(clock, 0), isoTime(clock, 4000)];
    pass(clock, 1.7, 2);

    expect(one).toBe('2026-01-01T00:00:00.000Z');
    expect([later, isoTime(clock, 4000)]).toEqual(['2026-01-01T00:00:04.000Z', '2026-01-01T00:00:04.000Z']);
  });

  it.each([
    [3_600_000, '2026-01-01T01:00:00.000Z'],
    [-3_600_000, '2025-12-31T23:00:00.000Z'],
  ])("follows the machine's time when that is set by %i ms", (setByMs, expected) => {
    const clock = new SteppedClock();
    isoTime(clock, 0);

    pass(clock, 5000);
    vi.setSystemTime(Date.now() + setByMs);

    expect(isoTime(clock, 0)).toBe(expected);
  });

  it('of one clock has nothing to do with that of another', () => {
    const [one, other] = [new SteppedClock(), new SteppedClock()];
    one.increment(86_400_000);

    expect([isoTime(one, 0), isoTime(other, 0)]).toEqual(['2025-12-31T00:00:00.000Z', '2026-01-01T00:00:00.000Z']);
  });
});
