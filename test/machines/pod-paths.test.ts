import { describe, expect, test } from 'vitest';
import { testEveryPath } from '../support/chart-tests.ts';
import { podChart } from '../../src/testing/charts.ts';

describe('every path through the chart of a pod', () => {
  const chart = podChart();

  testEveryPath(chart);

  test('there are 121: the start, and 10 events in each of 12 states that are not final', () => {
    const { size, paths } = chart;

    // 2 before the drain; with and without a signal: 2 in each of 2 sweeps, the rest, stopped by 3 outcomes in 2 sweeps; failed before
    expect(size).toBe(2 + 2 * (2 * 2 + 1 + 3 * 2) + 1);
    expect(paths).toHaveLength(1 + 10 * (2 + 2 * 5));
  });

  test('says of every event what becomes of it, but for a deadline that cannot come before the drain', () => {
    const unsaid = chart.pathsTo('unsaid');

    expect(unsaid.map((path) => [path.end, path.events.at(-1)?.type])).toEqual([
      ['["starting",0,false,null]', 'xstate.after.deadline.pod.draining'],
      ['["serving",0,false,null]', 'xstate.after.deadline.pod.draining'],
    ]);
  });

  test('ignores on purpose what means nothing to it', () => {
    const ignoring = chart.pathsTo('ignored');

    // of the 10 events it ignores 5 while starting, 6 while serving, 2 and 3 in each sweep, 4 while it closes the rest
    expect(ignoring).toHaveLength(5 + 6 + 2 * (2 * (2 + 3) + 4));
  });

  test('announces, sweeps with 2 and then 1 left, and closes the rest, each once, however far it comes', () => {
    const order = ['announce', 'sweep, 2 left', 'sweep, 1 left', 'close the rest'];

    for (const path of chart.paths) {
      const { calls } = chart.replay(path);
      expect(calls).toEqual(order.slice(0, calls.length));
    }
  });

  test('takes no more connections once a drain was ordered', () => {
    for (const path of chart.paths) {
      const { snapshot } = chart.replay(path);
      const drained = path.events.some(({ type }) => type === 'drain' || type === 'terminate');
      expect(snapshot.hasTag('accepting')).toBe(!drained && snapshot.status === 'active');
    }
  });
});
