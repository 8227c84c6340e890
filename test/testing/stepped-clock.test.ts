import { expect, it } from 'vitest';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';

it('stands still until it is told to go on', async () => {
  const clock = new SteppedClock();

  await clock.settle();

  expect(clock.now()).toBe(0);
});

it('fires timers that set the next one, each at its time', async () => {
  const clock = new SteppedClock();
  const firedAt: number[] = [];
  const again = () => {
    firedAt.push(clock.now());
    clock.setTimeout(again, 100);
  };
  clock.setTimeout(again, 100);

  await clock.pass(320);

  expect(firedAt).toEqual([100, 200, 300]);
  expect(clock.now()).toBe(320);
});

it('lets what is under way go on after each step', async () => {
  const clock = new SteppedClock();
  const seen: number[] = [];
  clock.setTimeout(async () => {
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    seen.push(clock.now());
  }, 50);

  await clock.pass(200);

  expect(seen).toEqual([50]);
});
