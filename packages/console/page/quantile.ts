import type { Overview } from './wire.ts';

type Buckets = Overview['callbackSeconds'];

/**
 * The time in s that the share `q` of what was counted between two looks at a cumulative histogram took at most, evenly
 * spread within a bucket, as Prometheus' histogram_quantile has it. Undefined when nothing was counted.
 */
export function quantile(q: number, before: Buckets, now: Buckets): number | undefined {
  const earlier = new Map(before.map(({ le, count }) => [le, count]));
  const counts = now.map(({ le, count }) => ({
    le: Number(le.replace('+Inf', 'Infinity')),
    count: count - (earlier.get(le) ?? 0),
  }));
  const total = counts.at(-1)?.count ?? 0;
  if (total <= 0) return undefined;
  const rank = q * total;
  const index = counts.findIndex(({ count }) => count >= rank);
  const { le, count } = counts[index]!;
  const { le: lower, count: below } = counts[index - 1] ?? { le: 0, count: 0 };
  return le === Infinity ? lower : lower + ((le - lower) * (rank - below)) / (count - below);
}
