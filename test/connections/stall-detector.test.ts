import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { StallDetector } from '../../src/connections/stall-detector.ts';

const limitMs = 20_000;

/** A watch from 5 s on the clock on, and the freezes it has told of. */
function startWatch() {
  const clock = new SimulatedClock();
  clock.set(5000);
  const thaws: number[] = [];
  const watch = new StallDetector(clock, limitMs, (frozenMs) => thaws.push(frozenMs));
  return { clock, watch, thaws };
}

describe('a process', () => {
  it('that is checked often enough never stood still, however long it runs', () => {
    const { clock, watch, thaws } = startWatch();

    for (let tick = 0; tick < 10_000; tick += 1) {
      clock.increment(50);
      watch.check();
    }

    expect(thaws).toEqual([]);
  });

  it.each([
    [limitMs, []],
    [limitMs + 1, [limitMs + 1]],
    [3_600_000, [3_600_000]],
  ])('that was not checked for %i ms is told of as %j', (ms, expected) => {
    const { clock, watch, thaws } = startWatch();

    clock.increment(ms);
    watch.check();

    expect(thaws).toEqual(expected);
  });

  it('is told of once for each time it stood still', () => {
    const { clock, watch, thaws } = startWatch();

    for (const ms of [30_000, 0, 50, 40_000, 0]) {
      clock.increment(ms);
      watch.check();
    }

    expect(thaws).toEqual([30_000, 40_000]);
  });

  it('that was slow twice in a row, but never for too long, did not stand still', () => {
    const { clock, watch, thaws } = startWatch();

    for (const ms of [15_000, 15_000]) {
      clock.increment(ms);
      watch.check();
    }

    expect(thaws).toEqual([]);
  });
});

it('a check from within the thaw finds no second freeze', () => {
  const clock = new SimulatedClock();
  let thaws = 0;
  const watch: StallDetector = new StallDetector(clock, limitMs, () => {
    thaws += 1;
    watch.check();
  });
  clock.increment(limitMs + 1);

  watch.check();

  expect(thaws).toBe(1);
});
