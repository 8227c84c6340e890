import { describe, expect, it } from 'vitest';
import type { Observations } from '../../src/rehearse/report.ts';
import { createReport } from '../../src/rehearse/report.ts';
import { reportText } from '../../src/rehearse/report-text.ts';
import { judge } from '../../src/rehearse/verdict.ts';

const noLimits = { lost: 0, duplicated: undefined, gapP99Ms: undefined, peakRatio: undefined };
const departure = {
  pod: 'pod-1',
  hook: 'answered' as const,
  overGrace: false,
  tookMs: 4000,
  graceMs: 45_000,
  exitCode: 0,
  signal: null,
  closedIdle: 3,
  closedActive: 1,
  from: 1000,
  to: 5000,
};

/** Two pods with four devices, of which six moves were seen while both pods were replaced. */
function observed(changes: Partial<Observations> = {}): Observations {
  return {
    startedAt: 0,
    endedAt: 12_000.4,
    pods: 2,
    devices: {
      count: 4,
      connected: 4,
      gaps: [100, 200, 300, 400, 500, 600],
      returns: [1500, 2500, 3500, 4500, 6500, 7500],
      closes: new Map([
        [1012, 5],
        [1006, 1],
      ]),
      refusals: new Map([[503, 2]]),
    },
    callbacks: {
      sent: 10,
      delivered: 10,
      retried: 2,
      attempts: 13,
      lost: 0,
      givenUp: 0,
      duplicated: 0,
      wrong: 0,
      delays: [3, 5],
      answers: new Map([
        ['200', 10],
        ['404', 3],
      ]),
    },
    departures: [departure, { ...departure, pod: 'pod-2', from: 6000, to: 10_000 }],
    ...changes,
  };
}

describe('the report', () => {
  it('says what devices, services and pods have seen', () => {
    const report = createReport(observed());

    expect(report).toMatchObject({
      durationMs: 12_000,
      callbacks: { sent: 10, delivered: 10, delayMs: { p50: 3, p99: 5, max: 5 }, answers: { 200: 10, 404: 3 } },
      devices: {
        neverBack: 0,
        moves: 6,
        movesPerDevice: 1.5,
        expectedMovesPerDevice: 1.25,
        offlineMs: { p50: 300, p99: 600, max: 600 },
        closes: { 1006: 1, 1012: 5 },
        refusals: { 503: 2 },
      },
      reconnectsPerSecond: { peak: 1, mean: 6 / 8, ratio: 8 / 6 },
      pods: { replaced: 2, closedIdle: 6, closedActive: 2, overGrace: 0 },
    });
  });

  it('of a fleet that was only watched has no pods and no rate', () => {
    const report = createReport(observed({ departures: [] }));

    expect(report.reconnectsPerSecond).toBeUndefined();
    expect(report.devices.expectedMovesPerDevice).toBeUndefined();
    expect(report.pods).toMatchObject({ replaced: 0, departures: [] });
  });

  it('in text has a line for each thing and the verdict at the end', () => {
    const report = createReport(observed());

    const lines = reportText(report, judge(report, noLimits)).split('\n');

    expect(lines).toContainEqual(expect.stringMatching(/^callbacks +10 sent, 10 delivered, 2 retried, 0 lost, 0 dupl/));
    expect(lines).toContainEqual(
      expect.stringMatching(/moves +6, 1\.50 per device \(1\.25 when distributed evenly\)$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/closed with +1 × 1006, 5 × 1012$/));
    expect(lines).toContainEqual(expect.stringMatching(/pod-1 +gone after 4\.0 s of 45\.0 s, exit 0, hook answered/));
    expect(lines.at(-2)).toBe('passed');
  });
});

describe('the verdict', () => {
  const verdict = (changes: Partial<Observations>, limits = {}) =>
    judge(createReport(observed(changes)), { ...noLimits, ...limits });
  const { callbacks, devices } = observed();

  it('is empty when nothing was lost and nothing passed', () => {
    expect(verdict({})).toEqual([]);
  });

  it.each<[string, Partial<Observations>, object]>([
    ['callbacks lost: 1, allowed 0', { callbacks: { ...callbacks, lost: 1 } }, {}],
    ['callbacks duplicated: 3, allowed 2', { callbacks: { ...callbacks, duplicated: 3 } }, { duplicated: 2 }],
    ['offline time, 99th percentile, ms: 600, allowed 599', {}, { gapP99Ms: 599 }],
    ['frames that reached the wrong device: 1', { callbacks: { ...callbacks, wrong: 1 } }, {}],
    ['devices that were not connected at the end: 1', { devices: { ...devices, connected: 3 } }, {}],
    ['pod-1 exceeded its grace period', { departures: [{ ...departure, overGrace: true }] }, {}],
    ['pod-1 ended with exit code 1', { departures: [{ ...departure, exitCode: 1 }] }, {}],
    ['pod-1 ended with SIGKILL', { departures: [{ ...departure, exitCode: null, signal: 'SIGKILL' }] }, {}],
  ])('names %j', (sentence, changes, limits) => {
    expect(verdict(changes, limits)).toEqual([sentence]);
  });

  it('names a peak that is too high', () => {
    expect(verdict({}, { peakRatio: 1.2 })).toEqual([expect.stringContaining('peak divided by mean')]);
  });

  it('lets pass what is allowed', () => {
    const changes = { callbacks: { ...callbacks, lost: 2, duplicated: 2 } };

    expect(verdict(changes, { lost: 2, duplicated: 2, gapP99Ms: 600, peakRatio: 2 })).toEqual([]);
  });

  it('stands in the text, each on a line', () => {
    const report = createReport(observed());

    expect(reportText(report, ['a: 1', 'b: 2'])).toMatch(/\n\nFAILED: a: 1\nFAILED: b: 2\n$/);
  });
});
