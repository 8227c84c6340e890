/** What the checker says. */
import type { Fact } from '../history.ts';

export const invariants = {
  I1: 'an entry is deleted or overwritten only by the connection that wrote it, by a newer one, or by its lease',
  I2: 'after quiet every live device has an entry, and it names its newest live connection',
  I3: 'of a pod that was killed no entry is left past the lease and a second',
  I4: 'with Redis reachable every live connection is registered within a refresh and a second',
  I5: 'after a takeover there is one live connection per device',
  I6: 'no connection is accepted after its pod began to drain',
  I7: 'a drain ends within its budget with exit 0 and leaves no entry; nothing else ends a pod but a kill',
  I8: 'a 200 means the bytes went to exactly the device, and the connection, named',
  I9: 'every accepted callback gets exactly one answer, and no frame comes twice',
  I10: 'many /pre-stop are one drain',
  I11: 'a Redis outage closes no socket, and everybody is registered again in time',
  I12: 'memory stays bounded',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  invariant: Invariant;
  /** When it showed. */
  at: number;
  /** What is wrong, in a sentence. */
  sentence: string;
  /** What proves it, at most a handful. */
  facts: Fact[];
}

/** How values are spread. */
export interface Spread {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** The judgement on one invariant. */
export interface Verdict {
  invariant: Invariant;
  /** How many cases could be decided. With none the invariant was not tested at all. */
  decided: number;
  /** How many could not, for lack of facts or because a fault excuses what it does. */
  undecided: number;
  violations: Violation[];
  figures: Record<string, Spread>;
}

/** Gathers one invariant's verdict. */
export class Judge implements Verdict {
  readonly invariant: Invariant;
  decided = 0;
  undecided = 0;
  readonly violations: Violation[] = [];
  readonly figures: Record<string, Spread> = {};

  constructor(invariant: Invariant) {
    this.invariant = invariant;
  }

  /** One case: `broken` is false, or says what is wrong. */
  decide(broken: false | { at: number; sentence: string; facts: (Fact | undefined)[] }): void {
    this.decided += 1;
    if (!broken) return;
    const { at, sentence, facts } = broken;
    this.violations.push({
      invariant: this.invariant,
      at,
      sentence,
      facts: facts.filter((fact) => fact !== undefined),
    });
  }

  /** One case about which nothing can be said. */
  pass(): void {
    this.undecided += 1;
  }
}

/** How `values` are spread; zeros for none. */
export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const quantile = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
  return { count: sorted.length, p50: quantile(0.5), p99: quantile(0.99), max: sorted.at(-1) ?? 0 };
}

/** Milliseconds for a sentence. */
export function ms(value: number): string {
  return `${Math.round(value * 10) / 10} ms`;
}

/** A wall clock time for a sentence. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(11);
}
