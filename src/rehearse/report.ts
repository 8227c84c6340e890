import type { TerminationReport } from './kubelet.ts';
import type { CallbackCounts } from './ledger.ts';
import type { Interval, Rate, Spread } from './statistics.ts';
import { rate, spread } from './statistics.ts';

/** How one pod went. */
export interface Departure extends Pick<TerminationReport, 'hook' | 'overGrace'> {
  pod: string;
  tookMs: number;
  graceMs: number;
  exitCode: number | null;
  signal: string | null;
  /** Connections it closed, by its own account; undefined when it left none. */
  closedIdle: number | undefined;
  closedActive: number | undefined;
}

/** Everything that was seen. Times are on one clock, ms. */
export interface Observations {
  startedAt: number;
  endedAt: number;
  pods: number;
  devices: {
    count: number;
    /** Connected at the end. */
    connected: number;
    gaps: readonly number[];
    returns: readonly number[];
    closes: ReadonlyMap<number, number>;
    refusals: ReadonlyMap<number, number>;
  };
  callbacks: CallbackCounts & { delays: readonly number[]; answers: ReadonlyMap<string, number> };
  departures: readonly (Departure & Interval)[];
}

export interface Report {
  /** Of the rehearsal, connects and the last arrivals included. */
  durationMs: number;
  callbacks: CallbackCounts & { delayMs: Spread | undefined; answers: Record<string, number> };
  devices: {
    count: number;
    neverBack: number;
    moves: number;
    movesPerDevice: number;
    /** With a balancer that deals evenly: (1 + 1/M)^M - 1 for M pods. */
    expectedMovesPerDevice: number | undefined;
    offlineMs: Spread | undefined;
    closes: Record<string, number>;
    refusals: Record<string, number>;
  };
  /** Undefined when no pod went. */
  reconnectsPerSecond: Rate | undefined;
  pods: {
    replaced: number;
    closedIdle: number;
    /** Cut while busy. */
    closedActive: number;
    overGrace: number;
    departures: Departure[];
  };
}

export function createReport({ startedAt, endedAt, pods, devices, callbacks, departures }: Observations): Report {
  const { count, connected, gaps, returns, closes, refusals } = devices;
  const { delays, answers, ...counts } = callbacks;
  const replaced = departures.length;
  return {
    durationMs: Math.round(endedAt - startedAt),
    callbacks: { ...counts, delayMs: spread(delays), answers: Object.fromEntries(answers) },
    devices: {
      count,
      neverBack: count - connected,
      moves: returns.length,
      movesPerDevice: returns.length / count,
      expectedMovesPerDevice: replaced > 0 && replaced === pods ? (1 + 1 / pods) ** pods - 1 : undefined,
      offlineMs: spread(gaps),
      closes: byNumber(closes),
      refusals: byNumber(refusals),
    },
    reconnectsPerSecond: replaced === 0 ? undefined : rate(returns, departures),
    pods: {
      replaced,
      closedIdle: sum(departures.map(({ closedIdle = 0 }) => closedIdle)),
      closedActive: sum(departures.map(({ closedActive = 0 }) => closedActive)),
      overGrace: departures.filter(({ overGrace }) => overGrace).length,
      departures: departures.map(({ from: _from, to: _to, ...departure }) => departure),
    },
  };
}

function byNumber(counts: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a - b));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
