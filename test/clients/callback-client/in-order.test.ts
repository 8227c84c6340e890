import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { InOrderOptions } from '../../../packages/callback-client/src/in-order.ts';
import { InOrder } from '../../../packages/callback-client/src/in-order.ts';
import { collected } from '../../support/collected.ts';

/** Runs that the test ends, and what was taken from the source. */
function record(options: Partial<InOrderOptions<number, string>> = {}) {
  const taken: number[] = [];
  const finish = new Map<number, (text: string) => void>();
  const ends: string[] = [];
  const all: InOrderOptions<number, string> = {
    atOnce: 10,
    signal: undefined,
    start: (item) => new Promise((resolve) => finish.set(item, resolve)),
    ended: () => void ends.push('ended'),
    ...options,
  };
  const count = function* (to: number) {
    try {
      for (let item = 1; item <= to; item += 1) {
        taken.push(item);
        yield item;
      }
    } finally {
      ends.push('returned');
    }
  };
  return { taken, finish, ends, options: all, count };
}

async function* oneAndThenSlow(): AsyncGenerator<number> {
  yield 1;
  await new Promise(() => {});
}

function* oneAndThenFailing(): Generator<number> {
  yield 1;
  throw new Error('the file is over too early');
}

/** Everything under way in this process. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await setImmediate();
}

it('yields in the order of the items, whatever the order in which they are done', async () => {
  const { count, options, finish } = record();
  const results = collected(new InOrder(count(3), options).results());
  await settle();

  for (const item of [3, 1, 2]) finish.get(item)!(`result ${item}`);

  expect(await results).toEqual(['result 1', 'result 2', 'result 3']);
});

it('takes no more items than may be under way, and the next when a result is taken', async () => {
  const { count, options, finish, taken } = record({ atOnce: 2 });
  const results = new InOrder(count(9), options).results();
  const first = results.next();
  await settle();
  const before = [...taken];

  finish.get(2)!('b');
  await settle();
  const whileTheFirstIsUnderWay = [...taken];
  finish.get(1)!('a');
  await first;
  await settle();

  expect(before).toEqual([1, 2]);
  expect(whileTheFirstIsUnderWay).toEqual([1, 2]);
  expect(taken).toEqual([1, 2, 3]);
});

it('yields a result while the source is slow to say what is next', async () => {
  const { options } = record({ start: (item) => Promise.resolve(`${item}`) });

  const first = await new InOrder(oneAndThenSlow(), options).results().next();

  expect(first.value).toBe('1');
});

it('throws the error of the source after the results of what it gave', async () => {
  const { options, ends } = record({ start: async (item) => (await settle(), `${item}`) });
  const results = new InOrder(oneAndThenFailing(), options).results();

  const first = await results.next();

  expect(first.value).toBe('1');
  await expect(results.next()).rejects.toThrow('the file is over too early');
  expect(ends).toEqual(['ended']);
});

it('tells the source when the consumer has enough, and takes no more', async () => {
  const { count, options, taken, ends } = record({ atOnce: 2, start: (item) => Promise.resolve(`${item}`) });

  for await (const result of new InOrder(count(99), options).results()) if (result === '2') break;
  await settle();

  expect(taken.length).toBeLessThanOrEqual(5);
  expect(ends).toEqual(['returned', 'ended']);
});

it('ends with the signal although the source is silent', async () => {
  const { options } = record();
  const abort = new AbortController();
  const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => {}) }) };
  const next = new InOrder(silent, { ...options, signal: abort.signal }).results().next();

  await settle();
  abort.abort(new Error('enough'));

  await expect(next).rejects.toThrow('enough');
});
