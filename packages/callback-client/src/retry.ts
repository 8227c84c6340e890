import { backoffMs } from './internal/backoff.ts';
import type { Verdict } from './verdict.ts';

/** Why the next try may differ from the last. */
export interface Situation {
  verdict: Verdict;
  /** Tries so far, lookups that found nobody to ask included. */
  tries: number;
  isIdempotent: boolean;
  /** The pod that was asked does not have the device, and another may: that can be looked up. */
  mayHaveMoved: boolean;
  /** For how long the device may still come back, ms. */
  reconnectLeftMs: number;
}

const patience = { firstMs: 50, mostMs: 1000 };

/** An entry outside the ranges stays there until somebody puts it right. */
export const foreignAddress = 'foreign-address';

/** How long to wait before the next try, ms; undefined: there is none. */
export function nextTryMs(situation: Situation, random: () => number = Math.random): number | undefined {
  const { verdict, tries, isIdempotent, mayHaveMoved, reconnectLeftMs } = situation;
  const jitterMs = mayHaveMoved && tries === 1 ? 0 : backoffMs(random, tries, patience);
  switch (verdict.outcome) {
    case 'offline':
      return mayHaveMoved || jitterMs < reconnectLeftMs ? jitterMs : undefined;
    case 'unknown':
      return isIdempotent ? (verdict.retryAfterMs ?? 0) + jitterMs : undefined;
    case 'unavailable':
      return verdict.code === foreignAddress ? undefined : (verdict.retryAfterMs ?? 0) + jitterMs;
    default:
      return undefined;
  }
}
