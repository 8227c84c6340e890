import { describe, expect, it } from 'vitest';
import type { Reading } from '../../src/connections/reading-turns.ts';
import { ReadingTurns } from '../../src/connections/reading-turns.ts';

/** Turns with a clock that only reading moves, and a log of who read when. */
function createTurns() {
  let now = 0;
  const turns = new ReadingTurns(() => now);
  const log: string[] = [];
  const pass = (ms: number) => {
    now += ms;
  };
  /** Takes `slices` slices of `ms` each. */
  const reading = (name: string, slices: number, ms = 0.5): Reading => {
    let left = slices;
    return {
      goOn(mayGoOn) {
        do {
          log.push(name);
          pass(ms);
          left -= 1;
        } while (left > 0 && mayGoOn());
        return left === 0;
      },
    };
  };
  return { turns, log, reading, pass, time: () => now };
}

const nextTurn = () => new Promise(setImmediate);

describe('what a device sent', () => {
  it('is read at once when it takes little time', () => {
    const { turns, log, reading } = createTurns();

    turns.take(reading('lamp', 2));

    expect(log).toEqual(['lamp', 'lamp']);
  });

  it('is read on in later turns when it takes longer than a share', async () => {
    const { turns, log, reading } = createTurns();

    turns.take(reading('flood', 5));
    const atOnce = log.length;
    while (log.length < 5) await nextTurn();

    expect(atOnce).toBe(2);
    expect(log).toHaveLength(5);
  });

  it('waits its turn when the present one has taken too long', async () => {
    const { turns, log, reading, pass } = createTurns();
    turns.hasTime();
    pass(5);

    turns.take(reading('lamp', 1));
    const atOnce = [...log];
    await nextTurn();

    expect(atOnce).toEqual([]);
    expect(log).toEqual(['lamp']);
  });

  it('comes behind those that wait already', async () => {
    const { turns, log, reading } = createTurns();
    turns.take(reading('first', 3));

    turns.take(reading('second', 1));
    while (log.length < 4) await nextTurn();

    expect(log).toEqual(['first', 'first', 'first', 'second']);
  });
});

describe('a crowd of devices that send without end', () => {
  it('is served one share each, one after the other', async () => {
    const { turns, log, reading } = createTurns();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

    for (const name of names) turns.take(reading(name, 1000));
    while (log.length < 2 * 17) await nextTurn();

    expect(log.filter((_, index) => index % 2 === 0).slice(0, 17)).toEqual(['a', ...names, ...names].slice(0, 17));
  });

  it('holds up one turn of the event loop no longer than one device and the rest of the turn', async () => {
    const { turns, reading, time } = createTurns();
    for (let device = 0; device < 100; device += 1) turns.take(reading(`${device}`, 1000));
    const times = [];

    for (let turn = 0; turn < 50; turn += 1) {
      const before = time();
      await nextTurn();
      times.push(time() - before);
    }

    expect(Math.max(...times)).toBeLessThanOrEqual(5 + 1);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(5);
  });
});

it('a turn has time again as soon as the next one begins', async () => {
  const { turns, pass } = createTurns();
  const first = turns.hasTime();
  pass(5);
  const late = turns.hasTime();

  await nextTurn();

  expect([first, late, turns.hasTime()]).toEqual([true, false, true]);
});
