import { describe, expect, it } from 'vitest';
import type { Times } from './checker.ts';
import { check, reportText } from './checker.ts';
import { invariants } from './checker/report.ts';
import { simulate, simulatedTimes } from './simulation/simulate.ts';
import { Story } from './story.ts';

describe('the history of a correct fleet under faults', () => {
  const small = { devices: 12, pods: 3, lastsMs: 90_000, hopEveryMs: 1500, callEveryMs: 40 };
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

  it('keeps every invariant, and all of them are decided, whatever the seed', () => {
    const decided = new Map<string, number>();

    for (const seed of seeds) {
      const { violations, verdicts, closes, losses } = check(simulate(seed, small), simulatedTimes);

      expect({ seed, violations, closes, unexcused: losses.unexcused }).toEqual({
        seed,
        violations: [],
        closes: {},
        unexcused: 0,
      });
      for (const verdict of verdicts) {
        decided.set(verdict.invariant, (decided.get(verdict.invariant) ?? 0) + verdict.decided);
      }
    }

    expect([...decided.keys()]).toEqual(Object.keys(invariants));
    for (const [invariant, count] of decided)
      expect({ invariant, count }).toEqual({ invariant, count: expect.any(Number) });
    expect(Math.min(...decided.values())).toBeGreaterThan(seeds.length / 2);
  }, 120_000);

  it.each<[string, keyof typeof invariants, Partial<Times>]>([
    ['a lease', 'I3', { leaseTtlMs: 500, refreshMs: 1000 }],
    ['a refresh', 'I5', { refreshMs: 500 }],
    ['a drain', 'I7', { drainBudgetMs: 10 }],
    ['a recovery', 'I11', { reconnectMs: 0, slackMs: 20 }],
    ['the memory', 'I12', { memoryBoundBytes: 100e6 }],
  ])('does not keep a promise that is too bold about %s', (_, invariant, times) => {
    const broken = new Set<string>();

    for (const seed of seeds.slice(0, 10)) {
      const { violations } = check(simulate(seed, small), { ...simulatedTimes, ...times });
      for (const violation of violations) broken.add(violation.invariant);
    }

    expect(broken).toContain(invariant);
  });

  it('is the same for the same seed, and another for another', () => {
    const short = { ...small, lastsMs: 5000 };

    expect(simulate(7, short)).toEqual(simulate(7, short));
    expect(simulate(7, short)).not.toEqual(simulate(8, short));
  });

  it('is checked in seconds when it has hundreds of thousands of facts', () => {
    const facts = simulate(1, { devices: 1000, pods: 8, lastsMs: 78_000, hopEveryMs: 1000, callEveryMs: 4 });

    const { violations } = check(facts, simulatedTimes);

    expect(violations).toEqual([]);
    expect(facts.length).toBeGreaterThan(250_000);
  }, 60_000); // a check whose time grew with the square of their number would take an hour
});

describe('the report', () => {
  it('tells by fault how long lookups were wrong or missing', () => {
    const story = new Story();
    story.fault(900, 1600, { name: 'slow start' });
    story.stay({ deviceId: 'lamp', registersAt: 1400 });
    story.stay({ deviceId: 'door', registersAt: 1600 });
    story.stay({ deviceId: 'gate', from: 9000, registersAt: 9011 });
    story.stay({ deviceId: 'wall', to: 4000, registersAt: 1001 });
    story.stay({ deviceId: 'wall', from: 5000, to: 6000, registersAt: undefined });

    expect(story.check().lookupGaps).toEqual({
      'slow start': { count: 2, p50: 399, p99: 599, max: 599 },
      none: { count: 2, p50: 10, p99: 999, max: 999 },
    });
  });

  it('counts a lookup as wrong while an older connection is named, and asks only for the newest', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 4509, by: 'peer', deletes: false, refreshesUntil: 5300 });
    story.stay({ from: 5000, podId: 'b', registersAt: 5301 });

    expect(story.check().lookupGaps).toMatchObject({ none: { count: 2, max: 300 } });
  });

  it('puts a gap that two faults share to the one that has more of it', () => {
    const story = new Story();
    story.fault(900, 1000, { name: 'first', pods: ['z'] });
    story.fault(3100, 3200, { name: 'second', pods: ['z'] });
    story.stay({ registersAt: 3101 });

    expect(story.check({ settleMs: 100 }).lookupGaps).toEqual({ first: expect.objectContaining({ count: 1 }) });
  });

  it('tells by fault which connections were closed without a cause', () => {
    const story = new Story();
    story.fault(4000, 5000, { name: 'freeze', pods: ['a'] });
    for (const to of [4500, 7000, 9000]) story.stay({ deviceId: `device-${to}`, to, code: 1006, by: 'peer' });
    story.stay({ deviceId: 'elsewhere', podId: 'b', to: 4500, code: 1006, by: 'peer' });

    const { closes } = story.check();

    expect(
      Object.entries(closes).map(([name, list]) => [name, list.map(({ connection }) => connection.deviceId)]),
    ).toEqual([
      ['freeze', ['device-4500', 'device-7000']],
      ['none', ['device-9000', 'elsewhere']],
    ]);
  });

  it('can be read', () => {
    const story = new Story();
    const lamp = story.stay();
    story.callback(5000, lamp);
    for (const ms of [6000, 7000]) story.callback(ms, lamp, { arrivesAt: [] });

    const lines = reportText(story.check(), 1).split('\n');

    expect(lines).toContain(`I4 kept: ${invariants.I4} (1 decided, 0 not, 0 broken)`);
    expect(lines).toContain('    registeredAfterMs 1 times, p50 2, p99 2, max 2');
    expect(lines).toContain(`I2 not tested: ${invariants.I2} (0 decided, 0 not, 0 broken)`);
    const broken = lines.indexOf(`I8 BROKEN: ${invariants.I8} (6 decided, 0 not, 2 broken)`);
    expect(lines.slice(broken + 1, broken + 6)).toEqual([
      expect.stringMatching(/^ {4}callback .* to lamp was answered 200, but no frame came to trace-1/),
      expect.stringMatching(/^ {6}\{"type":"callback.sent"/),
      expect.stringMatching(/^ {6}\{"type":"callback.answered"/),
      expect.stringMatching(/^ {6}\{"type":"device.opened"/),
      `I9 kept: ${invariants.I9} (3 decided, 0 not, 0 broken)`,
    ]);
    expect(lines).toContain('  under none: 1 times, p50 1, p99 1, max 1');
    expect(lines.at(-1)).toBe(
      'Callbacks answered 200: 1 arrived, 0 lost with their connection, 2 lost without an error',
    );
  });

  it('lists violations in the order of time, and takes facts in any order', () => {
    const story = new Story();
    story.tell(9000, { type: 'pod.exited', podId: 'a', code: 1, signal: null });
    story.fault(8000, 8500, { name: 'kill', pods: ['b'] });
    story.delete(5000, 'lamp', { traceId: 'stranger' });
    story.stay();

    const { violations, brokenUnder } = story.check();

    expect(violations.map(({ invariant }) => invariant)).toEqual(['I1', 'I7']);
    expect(brokenUnder).toEqual({ 'I1 under none': 1, 'I7 under kill': 1 });
  });

  it('holds for nothing at all', () => {
    const { violations, verdicts } = check([], simulatedTimes);

    expect(violations).toEqual([]);
    expect(verdicts.map(({ decided }) => decided)).toEqual(Object.keys(invariants).map(() => 0));
  });
});
