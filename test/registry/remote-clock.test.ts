import { beforeEach, describe, expect, it } from 'vitest';
import { RemoteClock } from '../../src/registry/remote-clock.ts';

/** Of the machine when the pod's clock showed `startedAt`. */
const machineTime = 1_700_000_000_000;
const startedAt = 500;

let clock: RemoteClock;
/** What it is ahead of the machine's, ms. */
const ahead = () => clock.timeAt(startedAt) - machineTime;

beforeEach(() => {
  clock = new RemoteClock(startedAt, machineTime);
});

/** The registry's clock turns out to be `aheadMs` ahead of the machine's, by an answer that came at `at` and took `tookMs`. */
function measure(aheadMs: number, { at, tookMs }: { at: number; tookMs: number }): void {
  const askedAt = at - tookMs;
  const middle = (askedAt + at) / 2;
  clock.note(machineTime + (middle - startedAt) + aheadMs, askedAt, at);
}

describe('the registry’s clock', () => {
  it('is that of the machine until it was asked', () => {
    expect(clock.timeAt(startedAt)).toBe(machineTime);
  });

  it('goes as the pod’s, also backwards', () => {
    const times = [clock.timeAt(startedAt + 1500), clock.timeAt(startedAt - 300)];

    expect(times).toEqual([machineTime + 1500, machineTime - 300]);
  });

  it('showed its answer in the middle of the time that this took', () => {
    clock.note(1_800_000_000_000, 1000, 1400);

    expect(clock.timeAt(1200)).toBe(1_800_000_000_000);
  });

  it('is known by the first answer, however long that took', () => {
    measure(-40, { at: 11_000, tookMs: 10_000 });

    expect(ahead()).toBe(-40);
  });

  it.each([
    ['a faster one', 99],
    ['one as fast', 100],
  ])('is known better by %s', (_, tookMs) => {
    measure(20, { at: 1000, tookMs: 100 });

    measure(30, { at: 2000, tookMs });

    expect(ahead()).toBe(30);
  });

  it('is not known better by a slower one within 60 s, and is by one after that', () => {
    measure(20, { at: 1000, tookMs: 100 });

    measure(30, { at: 61_000, tookMs: 102 });
    const within = ahead();
    measure(30, { at: 61_001, tookMs: 102 });

    expect([within, ahead()]).toEqual([20, 30]);
  });

  it('is known for 60 s by the last answer that was better, not by those that were not', () => {
    measure(20, { at: 1000, tookMs: 100 });
    measure(21, { at: 50_000, tookMs: 100 });
    measure(30, { at: 100_000, tookMs: 200 });

    measure(40, { at: 110_000, tookMs: 200 });

    expect(ahead()).toBe(21);
  });

  it.each([1, -1])('is another one at once when a slower answer cannot be explained by the known: %d', (direction) => {
    measure(20, { at: 1000, tookMs: 100 });

    measure(20 + direction * 150, { at: 2000, tookMs: 200 }); // right to 50 and to 100 ms: both may be true
    const explained = ahead();
    measure(20 + direction * 151, { at: 3000, tookMs: 200 });

    expect([explained, ahead()]).toEqual([20, 20 + direction * 151]);
  });
});
