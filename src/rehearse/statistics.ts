/** Milliseconds, whole; undefined when there was nothing to measure. */
export interface Spread {
  p50: number;
  p99: number;
  max: number;
}

export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1]!);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

export interface Interval {
  from: number;
  to: number;
}

export interface Rate {
  /** The most within any one second. */
  peak: number;
  /** A second, over the time in which pods were going. */
  mean: number;
  ratio: number;
}

/** How evenly events are spread over these intervals, which may overlap. Times are ms. */
export function rate(times: readonly number[], intervals: readonly Interval[]): Rate {
  const sorted = Float64Array.from(times).sort();
  let peak = 0;
  for (let last = 0, first = 0; last < sorted.length; last += 1) {
    while (sorted[last]! - sorted[first]! >= 1000) first += 1;
    peak = Math.max(peak, last - first + 1);
  }
  const seconds = covered(intervals) / 1000;
  const mean = seconds === 0 ? 0 : times.length / seconds;
  return { peak, mean, ratio: mean === 0 ? 0 : peak / mean };
}

/** How much time lies in at least one of them. */
function covered(intervals: readonly Interval[]): number {
  let end = -Infinity;
  let sum = 0;
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return sum;
}
