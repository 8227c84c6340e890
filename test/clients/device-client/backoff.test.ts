import { describe, expect, it } from 'vitest';
import { Backoff, isFinal, waitMs } from '../../../packages/device-client/src/backoff.ts';

const lost = { code: 1006, reason: '' };
const hint = (ms: unknown) => ({ code: 1012, reason: JSON.stringify({ reconnectAfterMs: ms }) });
const startBackoff = (chance: number) => new Backoff({ baseMs: 1000, maxMs: 30_000 }, () => chance);
const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.after(lost));

describe('the backoff', () => {
  it('draws from 0 to a limit that doubles up to the longest wait', () => {
    expect(waits(startBackoff(0), 3)).toEqual([0, 0, 0]);
    expect(waits(startBackoff(1), 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('stays at the longest wait, however often it fails', () => {
    const backoff = startBackoff(1);
    waits(backoff, 5000);

    expect(backoff.after(lost)).toBe(30_000);
  });

  it('begins anew after a connection that lasted', () => {
    const backoff = startBackoff(1);
    waits(backoff, 5);

    backoff.reset();

    expect(waits(backoff, 2)).toEqual([1000, 2000]);
  });

  it('takes a pod that drains at its word, and adds to it only the second time without a connection that lasted', () => {
    const backoff = startBackoff(1);

    expect(backoff.after(hint(731))).toBe(731);
    expect(backoff.after(hint(700))).toBe(1700);
    backoff.reset();
    expect(backoff.after(hint(5))).toBe(5);
  });

  it('takes a pod at its word also when attempts have failed before', () => {
    const backoff = startBackoff(1);
    waits(backoff, 3);

    expect(backoff.after(hint(100))).toBe(100);
  });

  it('returns at once with a new token, but not again and again', () => {
    const backoff = startBackoff(1);
    const expired = { code: 4401, reason: 'token-expired' };

    expect([1, 2, 3].map(() => backoff.after(expired))).toEqual([0, 1000, 2000]);
  });

  it.each(['', 'restarting', '{}', 'null', '7', '{"reconnectAfterMs":-1}', '{"reconnectAfterMs":"5"}'])(
    'finds no hint in the reason %j',
    (reason) => {
      expect(startBackoff(1).after({ code: 1012, reason })).toBe(1000);
    },
  );

  it('finds a hint under no other code', () => {
    expect(startBackoff(1).after({ ...hint(5), code: 1013 })).toBe(1000);
  });
});

it.each([
  [0, 0],
  [2000, 2000],
  [1e12, 3_600_000],
  [-1, undefined],
  [Number.NaN, undefined],
  ['5', undefined],
  [undefined, undefined],
])('a pod that asks for a wait of %j gets %j', (asked, expected) => {
  expect(waitMs(asked)).toBe(expected);
});

it.each([
  [1000, false],
  [1008, false],
  [1012, false],
  [3000, false],
  [4000, false],
  [4499, false],
  [4500, true],
  [4503, true],
  [4999, true],
])('%i forbids to come back: %j', (code, expected) => {
  expect(isFinal({ code, reason: '' })).toBe(expected);
});
