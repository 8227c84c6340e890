import { spread } from './checker/report.ts';
import type { RunResult } from './run.ts';

/**
 * Was a promise broken, a socket closed by a fault that should close none, a callback lost without an error, or a
 * takeover left to the next refresh?
 */
export function isBroken(result: RunResult): boolean {
  const { violations, closes, losses } = result.report;
  return violations.length > 0 || Object.keys(closes).length > 0 || losses.unexcused > 0 || areTakeoversSlow(result);
}

/** Without a fault a pod hears at once that a device has left it, and not by its next refresh. */
export function areTakeoversSlow({ report, leaseTtlMs }: RunResult): boolean {
  const { count, p50 } = report.verdicts.find(({ invariant }) => invariant === 'I5')!.figures['overlapMs']!;
  return count >= enough && p50 > leaseTtlMs / 12;
}

const enough = 10;

/** What was broken and under which fault, in a line. */
export function brokenText(results: readonly RunResult[]): string {
  const texts = results.flatMap((result) => {
    const { brokenUnder, closes, losses } = result.report;
    return [
      ...Object.entries(brokenUnder).map(([name, count]) => `${name}: ${count}`),
      ...Object.entries(closes).map(([fault, { length }]) => `closed without a cause under ${fault}: ${length}`),
      ...(losses.unexcused > 0 ? [`lost without an error: ${losses.unexcused}`] : []),
      ...(areTakeoversSlow(result) ? ['I5: takeovers are left to the refresh'] : []),
    ];
  });
  return texts.length === 0 ? 'nothing was broken' : texts.join('; ');
}

const columns = [
  'fault',
  'registry',
  'times',
  'lookups wrong or missing',
  'p50 ms',
  'p99 ms',
  'max ms',
  'closed without a cause',
];

/** What the faults cost, by fault and mode, in Markdown. */
export function tableText(results: readonly RunResult[]): string {
  const rows = results.flatMap((result) => rowsOf(result));
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)));
  const rule = widths.map((width) => '-'.repeat(width));
  const lines = [columns, rule, ...rows].map((row) => {
    return `| ${row.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`;
  });
  return [...lines, '', ...results.map((result) => sumOf(result))].join('\n');
}

function rowsOf({ mode, faults, report }: RunResult): string[][] {
  const names = [...new Set([...faults, ...Object.keys(report.lookupGaps), ...Object.keys(report.closes)])].sort();
  return names.map((name) => {
    const { count, p50, p99, max } = report.lookupGaps[name] ?? spread([]);
    const times = faults.filter((each) => each === name).length;
    const closes = report.closes[name]?.length ?? 0;
    return [name, mode, ...[times, count, ...[p50, p99, max].map((value) => Math.round(value)), closes].map(String)];
  });
}

function sumOf(result: RunResult): string {
  const { mode, seed, report, stranded } = result;
  const { arrived, broken, unexcused } = report.losses;
  return (
    `${mode}, seed ${seed}: ${report.violations.length} violations; callbacks answered 200: ${arrived} arrived, ` +
    `${broken} lost with their connection, ${unexcused} lost without an error; ${report.inversions.length} connections ` +
    `superseded by older ones; ${stranded} devices told not to come back that had no other connection` +
    (areTakeoversSlow(result) ? '; TAKEOVERS ARE LEFT TO THE REFRESH' : '')
  );
}
