import type { Entry } from '../../../src/registry/registry.ts';
import type { Fact } from '../history.ts';
import type { Interval } from './intervals.ts';
import { firstEndingAfter } from './intervals.ts';

/** A span of time through which lookups of a device found one connection's entry. */
export interface Holding extends Interval {
  entry: Entry;
  /** What wrote it, or the snapshot it was found in. */
  source: Fact;
  /** False: it was prolonged in the moment of its end, and may in truth have been gone by then. */
  isCertain: boolean;
}

/** An entry on a node. */
export interface Held extends Pick<Holding, 'entry' | 'source' | 'isCertain'> {
  /** Infinity: never. */
  expiresAt: number;
}

/** The server counts in whole milliseconds and looks at its clock once a command: so exact is a replayed expiry. */
export const expiryToleranceMs = 5;

/** What lookups of one device found, from the beginning to the end of a history. */
export class Timeline {
  readonly holdings: Holding[] = [];

  at(time: number): Holding | undefined {
    const found = this.holdings[firstEndingAfter(this.holdings, time)];
    return found && found.from <= time ? found : undefined;
  }

  /** The holdings that share some time with the interval, none cut. */
  within({ from, to }: Interval): Holding[] {
    const found: Holding[] = [];
    for (let next = firstEndingAfter(this.holdings, from); next < this.holdings.length; next += 1) {
      if (this.holdings[next]!.from >= to) break;
      found.push(this.holdings[next]!);
    }
    return found;
  }

  /** From now on this is what lookups find; undefined: nothing. */
  become(at: number, held: Held | undefined): void {
    const last = this.holdings.at(-1);
    const isThere = held !== undefined && held.expiresAt > at;
    if (last && isThere && last.to >= at && isSame(last, held)) {
      last.entry = held.entry;
      last.to = held.expiresAt;
      return;
    }
    if (last) last.to = Math.min(last.to, at);
    if (!isThere) return;
    const { entry, source, isCertain, expiresAt } = held;
    this.holdings.push({ from: at, to: expiresAt, entry, source, isCertain });
  }
}

function isSame(one: Pick<Held, 'entry' | 'isCertain'>, other: Pick<Held, 'entry' | 'isCertain'>): boolean {
  return one.entry.traceId === other.entry.traceId && one.isCertain === other.isCertain;
}
