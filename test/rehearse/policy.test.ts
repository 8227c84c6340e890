import { describe, expect, it } from 'vitest';
import { nextAttemptMs } from '../../src/rehearse/caller.ts';
import { comeBackMs, tryAgainMs } from '../../src/rehearse/device.ts';
import { behaviourOf } from '../../src/rehearse/devices.ts';
import { seededRandom } from '../../src/rehearse/random.ts';

/** All but the largest that jitter can make of it. */
const most = () => 1;
const least = () => 0;

describe('a device', () => {
  it('waits on 1012 for as long as it is asked to', () => {
    expect(comeBackMs({ code: 1012, reason: '{"reconnectAfterMs":731}' }, 0, most)).toBe(731);
  });

  it.each([1006, 1011, 1013, 4401, 4408, 4429, 4499, 5000])('comes back after %i with jitter', (code) => {
    expect(comeBackMs({ code, reason: '' }, 0, most)).toBe(500);
    expect(comeBackMs({ code, reason: '' }, 0, least)).toBe(0);
  });

  it('comes back after a 1012 without a hint with jitter', () => {
    expect(comeBackMs({ code: 1012, reason: 'restarting' }, 0, most)).toBe(500);
  });

  it.each([4500, 4503, 4509, 4999])('does not come back after %i', (code) => {
    expect(comeBackMs({ code, reason: '' }, 0, most)).toBeUndefined();
  });

  it('is refused and waits as long as Retry-After says', () => {
    expect(tryAgainMs('3', 5, most)).toBe(3000);
  });

  it.each([
    [0, 500],
    [1, 1000],
    [3, 4000],
    [9, 10_000],
  ])('is refused without Retry-After after %i failures and waits at most %i ms', (failures, ms) => {
    expect(tryAgainMs(undefined, failures, most)).toBe(ms);
  });
});

describe('a caller', () => {
  it.each([404, 409, 429, 500, 502, 503, 504])('tries again after %i', (status) => {
    expect(nextAttemptMs({ status }, 1, most)).toBe(200);
  });

  it.each([200, 400, 401, 403, 413])('does not try again after %i', (status) => {
    expect(nextAttemptMs({ status }, 1, most)).toBeUndefined();
  });

  it.each(['refused', 'unknown', 'nowhere'] as const)('tries again when the outcome is %s', (attempt) => {
    expect(nextAttemptMs(attempt, 2, most)).toBe(400);
  });

  it('waits for what Retry-After says, and with jitter on top', () => {
    expect(nextAttemptMs({ status: 503, retryAfter: '1' }, 1, least)).toBe(1000);
    expect(nextAttemptMs({ status: 503, retryAfter: '1' }, 1, most)).toBe(1200);
  });

  it('has patience up to 2 s', () => {
    expect(nextAttemptMs('refused', 12, most)).toBe(2000);
  });
});

describe('the mix', () => {
  it.each([
    [
      { parked: 80, slow: 5 },
      { parked: 80, slow: 5, chatty: 15 },
    ],
    [{ parked: 0, slow: 0 }, { chatty: 100 }],
    [{ parked: 100, slow: 0 }, { parked: 100 }],
  ])('%j of 100 devices', (mix, expected) => {
    const counts: Record<string, number> = {};
    for (let index = 0; index < 100; index += 1) {
      const behaviour = behaviourOf(index, 100, mix);
      counts[behaviour] = (counts[behaviour] ?? 0) + 1;
    }

    expect(counts).toEqual(expected);
  });
});

describe('the random numbers', () => {
  it('are the same for the same seed and others for another', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));

    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('lie between 0 and 1 and fill the space', () => {
    const values = Array.from({ length: 10_000 }, seededRandom(1));

    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1);
  });
});
