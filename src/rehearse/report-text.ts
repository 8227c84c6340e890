import type { Report } from './report.ts';
import type { Spread } from './statistics.ts';

/** The report for people: what was noticed first, then pod by pod, then the verdict. */
export function reportText(report: Report, broken: readonly string[]): string {
  const { callbacks, devices, reconnectsPerSecond: reconnects, pods } = report;
  const { sent, delivered, retried, lost, duplicated, wrong, givenUp } = callbacks;
  const rows: [string, string][] = [
    ['callbacks', `${sent} sent, ${delivered} delivered, ${retried} retried, ${lost} lost, ${duplicated} duplicated`],
    ['', `${wrong} at the wrong device, ${givenUp} given up by the caller`],
    ['  answers', tally(callbacks.answers)],
    ['  from first attempt to arrival', spreadText(callbacks.delayMs)],
    ['devices', `${devices.count}, ${devices.neverBack} not connected at the end`],
    ['  moves', `${devices.moves}, ${perDevice(report)}`],
    ['  offline per move', spreadText(devices.offlineMs)],
    ['  closed with', tally(devices.closes)],
    ['  refused with', tally(devices.refusals)],
  ];
  if (reconnects) {
    const { peak, mean, ratio } = reconnects;
    rows.push(['reconnects per second', `peak ${peak}, mean ${mean.toFixed(1)}, ratio ${ratio.toFixed(2)}`]);
    rows.push(['pods', `${pods.replaced} replaced, ${pods.overGrace} over their grace period`]);
    rows.push(['  closed', `${pods.closedIdle} idle, ${pods.closedActive} while busy`]);
  }
  for (const { pod, tookMs, graceMs, exitCode, signal, hook, closedIdle, closedActive } of pods.departures) {
    const closed = `closed ${closedIdle ?? '?'} idle, ${closedActive ?? '?'} busy`;
    const times = `gone after ${seconds(tookMs)} of ${seconds(graceMs)}`;
    rows.push([`  ${pod}`, `${times}, ${signal ?? `exit ${exitCode}`}, hook ${hook}, ${closed}`]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const verdict = broken.length === 0 ? ['passed'] : broken.map((sentence) => `FAILED: ${sentence}`);
  return `${[...lines, '', ...verdict].join('\n')}\n`;
}

function perDevice({ devices: { movesPerDevice, expectedMovesPerDevice } }: Report): string {
  const found = `${movesPerDevice.toFixed(2)} per device`;
  return expectedMovesPerDevice === undefined
    ? found
    : `${found} (${expectedMovesPerDevice.toFixed(2)} when distributed evenly)`;
}

function tally(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} × ${name === '0' ? 'no answer' : name}`);
  return parts.length === 0 ? '-' : parts.join(', ');
}

function spreadText(spread: Spread | undefined): string {
  return spread ? `p50 ${spread.p50} ms, p99 ${spread.p99} ms, max ${spread.max} ms` : '-';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
