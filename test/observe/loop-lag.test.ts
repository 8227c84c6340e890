import { expect, it, onTestFinished } from 'vitest';
import { LoopLag } from '../../src/observe/loop-lag.ts';
import { until } from '../support/until.ts';

function watch(): LoopLag {
  const lag = new LoopLag();
  lag.start();
  onTestFinished(() => lag.stop());
  return lag;
}

/** Resolves with what is measured next. */
async function measure(lag: LoopLag): Promise<number> {
  lag.reset();
  return until(() => lag.longestMs);
}

/** Holds up the loop for this many ms. */
function holdUp(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Resolves once a loop that is free was timed for a while. */
async function turnFor(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await until(() => performance.now() >= end);
}

it('of a loop that is free is not the time after which it is looked at', async () => {
  const lag = watch();

  const isFree = await until(async () => (await measure(lag)) < 5);

  expect(isFree).toBe(true);
});

it('is the time for which the loop was held up, until it is reset', async () => {
  const lag = watch();
  await measure(lag);

  holdUp(200);
  const held = await until(() => lag.longestMs > 150 && lag.longestMs);
  const again = lag.longestMs;
  lag.reset();

  expect(again).toBeGreaterThanOrEqual(held);
  expect(lag.longestMs).toBe(0);
});

it('is not the time for which it was stopped', async () => {
  const lag = watch();
  await measure(lag);

  lag.stop();
  await turnFor(1000);
  lag.start();
  await turnFor(200);

  expect(lag.longestMs).toBeGreaterThan(0);
  expect(lag.longestMs).toBeLessThan(900);
});

it('is seen as well after it was stopped and started again', async () => {
  const lag = watch();
  lag.stop();
  lag.start();
  await until(() => lag.longestMs);

  holdUp(200);

  expect(await until(() => lag.longestMs > 150)).toBe(true);
});
