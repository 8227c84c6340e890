/** The checker: reads a history and decides whether the promises were kept. Pure: what it says follows from the facts alone. */
import type { UnexplainedClose } from './checker/closes.ts';
import { suspectCloses } from './checker/closes.ts';
import { checkAnswers, checkDeliveries } from './checker/deliveries.ts';
import type { Losses } from './checker/deliveries.ts';
import { checkAdmission, checkDrains, checkPreStops } from './checker/drains.ts';
import { checkDeletions, checkLeftovers } from './checker/entries.ts';
import type { Fault } from './checker/faults.ts';
import { lookupGaps, noFault } from './checker/lookups.ts';
import { checkMemory } from './checker/memory.ts';
import { completeOptions } from './checker/options.ts';
import type { Times } from './checker/options.ts';
import { checkOutages } from './checker/outages.ts';
import { checkQuiet, checkRegistration } from './checker/registration.ts';
import type { Spread, Verdict, Violation } from './checker/report.ts';
import { invariants } from './checker/report.ts';
import { checkTakeovers } from './checker/takeover.ts';
import type { World } from './checker/world.ts';
import { worldOf } from './checker/world.ts';
import type { Fact } from './history.ts';
import { inOrder } from './history.ts';

export type { Times } from './checker/options.ts';
export type { Invariant, Spread, Verdict, Violation } from './checker/report.ts';

export interface Report {
  /** One for each invariant, in their order. */
  verdicts: Verdict[];
  /** Of all of them, in the order of time. */
  violations: Violation[];
  /** By invariant and the name of the fault that began last: how many there were. */
  brokenUnder: Record<string, number>;
  /** By the name of the fault: each time a device was open and the registry did not name its connection, ms. */
  lookupGaps: Record<string, Spread>;
  /** By the name of the fault: connections closed under it though it should close none. */
  closes: Record<string, UnexplainedClose[]>;
  /** Connections superseded by one that was opened before them, because it came to be registered later. */
  inversions: UnexplainedClose[];
  /** What came of the callbacks that were answered with 200. */
  losses: Losses;
}

/** `facts` in any order. Throws at what only a faulty recorder can have written. */
export function check(facts: readonly Fact[], times: Times): Report {
  const world = worldOf(inOrder(facts), completeOptions(times));
  const closes = suspectCloses(world);
  const deliveries = checkDeliveries(world);
  const verdicts = [
    checkDeletions(world),
    checkQuiet(world),
    checkLeftovers(world),
    checkRegistration(world),
    checkTakeovers(world),
    checkAdmission(world),
    checkDrains(world),
    deliveries,
    checkAnswers(world),
    checkPreStops(world),
    checkOutages(world, closes.unexplained),
    checkMemory(world),
  ];
  const violations = verdicts.flatMap((verdict) => verdict.violations).sort((a, b) => a.at - b.at);
  const { losses } = deliveries;
  return {
    verdicts,
    violations,
    brokenUnder: violationsByFault(world, violations),
    lookupGaps: lookupGaps(world),
    closes: closesByFault(world, closes.unexplained),
    inversions: closes.inverted,
    losses,
  };
}

function closesByFault({ faults, options }: World, closes: readonly UnexplainedClose[]): Report['closes'] {
  const byFault: Report['closes'] = {};
  for (const close of closes) {
    const { at, connection } = close;
    (byFault[nameAt(faults.on(connection.podId), at, options.settleMs)] ??= []).push(close);
  }
  return byFault;
}

function violationsByFault({ faults, options }: World, violations: readonly Violation[]): Report['brokenUnder'] {
  const byFault: Report['brokenUnder'] = {};
  for (const { invariant, at } of violations) {
    const name = `${invariant} under ${nameAt(faults.all, at, options.settleMs)}`;
    byFault[name] = (byFault[name] ?? 0) + 1;
  }
  return byFault;
}

/** The name of the fault that began last of those under way or just over. */
function nameAt(faults: readonly Fault[], at: number, settleMs: number): string {
  return faults.findLast(({ from, to }) => from <= at && to + settleMs >= at)?.fact.name ?? noFault;
}

/** The report for a reader: a line for each invariant, its first violations with their facts, and the figures. */
export function reportText(report: Report, shown = 3): string {
  const lines = report.verdicts.flatMap((verdict) => {
    const { invariant, decided, undecided, violations, figures } = verdict;
    const mark = violations.length > 0 ? 'BROKEN' : decided > 0 ? 'kept' : 'not tested';
    return [
      `${invariant} ${mark}: ${invariants[invariant]} (${decided} decided, ${undecided} not, ${violations.length} broken)`,
      ...Object.entries(figures).map(([name, figure]) => `    ${name} ${figureText(figure)}`),
      ...violations.slice(0, shown).flatMap(violationLines),
    ];
  });
  const gaps = Object.entries(report.lookupGaps).map(([name, gap]) => `  under ${name}: ${figureText(gap)}`);
  const closes = Object.entries(report.closes).map(([name, list]) => `  under ${name}: ${list.length}`);
  const { arrived, broken, unexcused } = report.losses;
  const delivered = `${arrived} arrived, ${broken} lost with their connection, ${unexcused} lost without an error`;
  return [
    ...lines,
    'Lookups wrong or missing, ms',
    ...gaps,
    'Connections closed without a cause',
    ...closes,
    `Connections superseded by older ones: ${report.inversions.length}`,
    `Callbacks answered 200: ${delivered}`,
  ].join('\n');
}

function violationLines({ sentence, facts }: Violation): string[] {
  return [`    ${sentence}`, ...facts.map((fact) => `      ${JSON.stringify(fact).slice(0, 300)}`)];
}

function figureText({ count, p50, p99, max }: Spread): string {
  const [middle, high, most] = [p50, p99, max].map((value) => Math.round(value * 10) / 10);
  return `${count} times, p50 ${middle}, p99 ${high}, max ${most}`;
}
