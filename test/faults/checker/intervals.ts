/** Spans of time. Lists of them are sorted and do not overlap, unless said otherwise. */
export interface Interval {
  from: number;
  /** Infinity: to the end. */
  to: number;
}

export function lengthOf({ from, to }: Interval): number {
  return to - from;
}

/** Intervals in any order as a sorted list without overlaps. */
export function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** How many of the first `length` places hold, when all that hold come before all that do not. */
export function countWhile(length: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The place in the list of the first interval that ends after `time`. */
export function firstEndingAfter(intervals: readonly Interval[], time: number): number {
  return countWhile(intervals.length, (place) => intervals[place]!.to <= time);
}

/** What is left of `whole` without the holes. */
export function subtract(whole: Interval, holes: readonly Interval[]): Interval[] {
  const left: Interval[] = [];
  let { from } = whole;
  for (let next = firstEndingAfter(holes, from); next < holes.length && holes[next]!.from < whole.to; next += 1) {
    const hole = holes[next]!;
    if (hole.from > from) left.push({ from, to: hole.from });
    from = Math.max(from, hole.to);
  }
  if (from < whole.to) left.push({ from, to: whole.to });
  return left;
}

/** What is left of each without the holes. */
export function subtractAll(pieces: readonly Interval[], holes: readonly Interval[]): Interval[] {
  return pieces.flatMap((piece) => subtract(piece, holes));
}

/** Does one of the list share a moment with this one, its ends included? */
export function touches(list: readonly Interval[], { from, to }: Interval): boolean {
  const next = list[firstEndingAfter(list, from)];
  const before = list[firstEndingAfter(list, from) - 1];
  return (next !== undefined && next.from <= to) || (before !== undefined && before.to >= from);
}

/** The longest; undefined for none. */
export function longest(pieces: readonly Interval[]): Interval | undefined {
  let found: Interval | undefined;
  for (const piece of pieces) if (!found || lengthOf(piece) > lengthOf(found)) found = piece;
  return found;
}
