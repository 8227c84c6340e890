import { expect, it } from 'vitest';
import { Breaker } from '../../../packages/callback-client/src/breaker.ts';

function createBreaker(quietMs = 1000) {
  const time = { now: 0 };
  return { time, breaker: new Breaker(quietMs, () => time.now) };
}

it('lets everybody ask a pod that has not failed', () => {
  const { breaker } = createBreaker();

  const answers = [breaker.mayAsk('10.0.0.7:8081'), breaker.mayAsk('10.0.0.7:8081')];

  expect(answers).toEqual([true, true]);
});

it('leaves a pod that failed alone for the quiet time, and no other', () => {
  const { breaker, time } = createBreaker();
  breaker.failed('10.0.0.7:8081');

  time.now = 999;
  const answers = [breaker.mayAsk('10.0.0.7:8081'), breaker.mayAsk('10.0.0.8:8081')];

  expect(answers).toEqual([false, true]);
});

it('lets one find out after the quiet time, and the others wait for another', () => {
  const { breaker, time } = createBreaker();
  breaker.failed('10.0.0.7:8081');

  time.now = 1000;
  const atOnce = [breaker.mayAsk('10.0.0.7:8081'), breaker.mayAsk('10.0.0.7:8081')];
  time.now = 2000;
  const later = breaker.mayAsk('10.0.0.7:8081');

  expect(atOnce).toEqual([true, false]);
  expect(later).toBe(true);
});

it('lets everybody ask again once the pod has answered', () => {
  const { breaker } = createBreaker();
  breaker.failed('10.0.0.7:8081');

  breaker.answered('10.0.0.7:8081');

  expect([breaker.mayAsk('10.0.0.7:8081'), breaker.mayAsk('10.0.0.7:8081')]).toEqual([true, true]);
});

it.each([
  ['leaves a pod alone that has answered nobody since a request began that timed out', 3999, false],
  ['goes on with one that has answered somebody since then', 4001, true],
])('%s', (_what, forMs, mayAsk) => {
  const { breaker, time } = createBreaker();
  time.now = 1000;
  breaker.answered('10.0.0.7:8081');

  time.now = 5000;
  breaker.timedOut('10.0.0.7:8081', forMs);

  expect(breaker.mayAsk('10.0.0.7:8081')).toBe(mayAsk);
});

it('remembers a thousand pods at most, the latest', () => {
  const { breaker } = createBreaker();

  for (let port = 1; port <= 1001; port += 1) breaker.failed(`10.0.0.7:${port}`);

  expect([breaker.mayAsk('10.0.0.7:1'), breaker.mayAsk('10.0.0.7:2'), breaker.mayAsk('10.0.0.7:1001')]).toEqual([
    true,
    false,
    false,
  ]);
});
