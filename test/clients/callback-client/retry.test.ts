import { describe, expect, it } from 'vitest';
import { nextTryMs } from '../../../packages/callback-client/src/retry.ts';
import type { Situation } from '../../../packages/callback-client/src/retry.ts';
import type { Verdict } from '../../../packages/callback-client/src/verdict.ts';

const offline: Verdict = { outcome: 'offline' };
const unknown: Verdict = { outcome: 'unknown', code: 'timed-out', retryAfterMs: undefined };
const unavailable = (code: string, retryAfterMs?: number): Verdict => ({ outcome: 'unavailable', code, retryAfterMs });

/** With a die that always shows its highest number. */
function next(situation: Partial<Situation> & { verdict: Verdict }): number | undefined {
  const defaults = { tries: 1, isIdempotent: false, mayHaveMoved: false, reconnectLeftMs: 0 };
  return nextTryMs({ ...defaults, ...situation }, () => 1);
}

describe('there is no other try', () => {
  it.each<[string, Partial<Situation> & { verdict: Verdict }]>([
    ['of what was delivered', { verdict: { outcome: 'delivered', traceId: 'a', podId: 'b' } }],
    ['of what was refused', { verdict: { outcome: 'refused', status: 413, code: 'body-too-large', detail: '' } }],
    ['with a device that is offline', { verdict: offline }],
    ['once a device has had its time to come back', { verdict: offline, reconnectLeftMs: -1 }],
    ['of what may have been delivered, unless that does no harm', { verdict: unknown }],
    ['with an address that is no pod', { verdict: unavailable('foreign-address') }],
  ])('%s', (_what, situation) => {
    expect(next(situation)).toBeUndefined();
  });
});

describe('there is another try', () => {
  it.each<[string, Partial<Situation> & { verdict: Verdict }, number]>([
    ['at once where the device may have moved', { verdict: offline, mayHaveMoved: true }, 0],
    ['with patience when it goes on moving', { verdict: offline, mayHaveMoved: true, tries: 2 }, 200],
    ['while an offline device has time to come back', { verdict: offline, reconnectLeftMs: 5000 }, 100],
    ['of an idempotent message that may have been delivered', { verdict: unknown, isIdempotent: true }, 100],
    ['of what was not delivered', { verdict: unavailable('backpressure') }, 100],
    ['after as long as the pod asked for, and some jitter', { verdict: unavailable('backpressure', 3000) }, 3100],
    ['after a second at most when nobody asked for more', { verdict: unavailable('backpressure'), tries: 9 }, 1000],
  ])('%s', (_what, situation, ms) => {
    expect(next(situation)).toBe(ms);
  });
});
