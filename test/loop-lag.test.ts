import { expect, it, onTestFinished } from 'vitest';
import { LoopLag } from '../src/loop-lag.ts';
import { until } from './support/until.ts';

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

it('of a loop that is free is not the time after which it is looked at', async () => {
  const lag = watch();

  const isFree = await until(async () => (await measure(lag)) < 5);

  expect(isFree).toBe(true);
});

it('is the time for which the loop was held up, until it is reset', async () => {
  const lag = watch();
  await measure(lag);

  const end = performance.now() + 200;
  while (performance.now() < end);
  const held = await until(() => lag.longestMs > 150 && lag.longestMs);
  const again = lag.longestMs;
  lag.reset();

  expect(again).toBeGreaterThanOrEqual(held);
  expect(lag.longestMs).toBe(0);
});
