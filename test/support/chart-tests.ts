import type { AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import type { Chart } from '../../src/testing/chart.ts';

/** What is true of every chart, as tests of this one. */
export function testEveryPath<TMachine extends AnyStateMachine>(chart: Chart<TMachine>): void {
  test('ends in the state the chart predicts', () => {
    const ends = chart.paths.map((path) => chart.replay(path).end);

    expect(ends).toEqual(chart.paths.map(({ end: predicted }) => predicted));
  });

  test('reaches, taken together, every state and every transition', () => {
    for (const path of chart.paths) chart.replay(path);

    expect(chart.unreached).toEqual([]);
  });

  test('stays as it is, and asks for nothing, when its last event is ignored on purpose', () => {
    for (const path of chart.pathsTo('ignored')) {
      const before = chart.replay({ events: path.events.slice(0, -1) });
      const after = chart.replay(path);
      expect([after.end, after.calls]).toEqual([before.end, before.calls]);
    }
  });
}
