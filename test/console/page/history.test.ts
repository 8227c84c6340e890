import { describe, expect, it } from 'vitest';
import { edgeOf } from '../../../packages/console/page/edges.ts';
import { History } from '../../../packages/console/page/history.ts';
import { quantile } from '../../../packages/console/page/quantile.ts';

const start = Date.parse('2026-11-23T21:00:00.000Z');

/** What a pod says so many seconds after the start, with `count` of everything so far. */
function overview(second: number, count: number, pod = { podId: 'pod-a', startedAt: '2026-11-23T20:00:00.000Z' }) {
  const flow = { from: 'registered.active', to: 'registered.idle', event: 'connection.idle', count };
  return {
    at: new Date(start + second * 1000).toISOString(),
    ...pod,
    connections: 7,
    states: { 'connecting.registering': 1, 'connecting.waiting': 2, 'registered.active': 4 },
    flows: [flow],
    connects: [
      { result: 'accepted', count },
      { result: 'full', count: 2 * count },
    ],
    closes: [{ code: '4503', reason: 'kicked', count }],
    callbacks: [{ outcome: 'delivered', count }],
    callbackSeconds: [
      { le: '0.01', count },
      { le: '+Inf', count },
    ],
    lagMs: 3,
  };
}

describe('the history of the operator page', () => {
  it('makes rates a second of counts, whatever the time between', () => {
    const history = new History();

    history.add(overview(0, 100));
    history.add(overview(1, 110));
    const afterOne = ['connects', 'connects accepted', 'connects full', 'closes 4503 kicked', 'callbacks'].map((name) =>
      history.latest(name),
    );
    history.add(overview(5, 130));

    expect(afterOne).toEqual([30, 10, 20, 10, 10]);
    expect(history.latest('connects accepted')).toBe(5);
    expect(history.flows).toEqual([expect.objectContaining({ event: 'connection.idle', perSecond: 5 })]);
  });

  it('knows no rates at first, but what is there', () => {
    const history = new History();

    history.add(overview(0, 100));

    expect(['connections', 'unregistered', 'lag', 'connects', 'p50'].map((name) => history.latest(name))).toEqual([
      7,
      3,
      3,
      undefined,
      undefined,
    ]);
    expect(history.flows).toEqual([]);
  });

  it('begins a kind of outcome at zero when it comes up', () => {
    const history = new History();

    history.add({ ...overview(0, 1), closes: [] });
    history.add(overview(1, 4));

    expect(history.latest('closes 4503 kicked')).toBe(4);
  });

  it.each([
    ['another pod', 2, { podId: 'pod-b', startedAt: '2026-11-23T20:00:00.000Z' }],
    ['the same pod that was started again', 2, { podId: 'pod-a', startedAt: '2026-11-23T21:00:01.000Z' }],
    ['a pod whose clock was set back', -3600, undefined],
  ])('begins anew with %s', (_what, second, pod) => {
    const history = new History();
    history.add(overview(0, 100));
    history.add(overview(1, 110));

    history.add(overview(second, 5, pod));
    const rateAtFirst = history.latest('connects accepted');
    history.add(overview(second + 1, 8, pod));

    expect(rateAtFirst).toBeUndefined();
    expect(history.points).toHaveLength(2);
    expect(history.latest('connects accepted')).toBe(3);
  });

  it.each([0, 0.005, 0.4])('makes no rate of the %d s before an overview that comes out of turn', (late) => {
    const history = new History();
    history.add(overview(0, 100));
    history.add(overview(1, 110));

    history.add(overview(1 + late, 111));

    expect(history.latest('connects accepted')).toBeCloseTo(11 / (1 + late));
    expect(history.flows[0]!.perSecond).toBeCloseTo(11 / (1 + late));
    expect(history.points).toHaveLength(3);
  });

  it('forgets what is older than five minutes', () => {
    const history = new History();

    for (let second = 0; second <= 400; second += 1) history.add(overview(second, second));

    expect(history.points).toHaveLength(301);
    expect(history.points[0]!.at).toBe(start + 100_000);
  });
});

describe('a quantile', () => {
  const before = [
    { le: '0.01', count: 10 },
    { le: '0.1', count: 20 },
    { le: '+Inf', count: 20 },
  ];
  const since = (...counts: number[]) => before.map(({ le, count }, index) => ({ le, count: count + counts[index]! }));

  it.each([
    ['the middle of the first bucket', 0.5, [10, 10, 10], 0.005],
    ['within the second', 0.99, [0, 100, 100], 0.01 + 0.09 * 0.99],
    ['nine tenths of the first', 0.9, [100, 100, 100], 0.009],
    ['the end of the last that has one', 0.99, [0, 0, 5], 0.1],
  ])('is %s', (_name, q, counts, expected) => {
    expect(quantile(q, before, since(...counts))).toBeCloseTo(expected);
  });

  it('of nothing is not known', () => {
    expect(quantile(0.5, before, before)).toBeUndefined();
    expect(quantile(0.5, [], [])).toBeUndefined();
  });
});

describe('what a connection did', () => {
  const edges = [
    { from: '', event: 'leave', to: 'closing' },
    { from: 'registered', event: 'leave', to: 'leaving' },
    { from: '', event: 'close', to: 'closing' },
    { from: 'registered.active', event: 'connection.idle', to: 'registered.idle' },
    { from: 'registeredToo', event: 'close', to: 'closing' },
    { from: 'registered.idle', event: 'close', to: 'closing' },
  ];

  it.each([
    ['registered.active', 'close', 'closing.unregistering', 2],
    ['registered.active', 'leave', 'leaving', 1],
    ['unverified', 'leave', 'closing.unregistering', 0],
    ['registered.active', 'connection.idle', 'registered.idle', 3],
    ['registered.idle', 'close', 'closing.unregistering', 5],
  ])('from %s on %s to %s is drawn where the chart defines it', (from, event, to, index) => {
    expect(edgeOf({ from, event, to }, edges)).toBe(edges[index]);
  });

  it('at its beginning, or as no chart has it, is drawn nowhere', () => {
    expect(edgeOf({ from: null, event: 'xstate.init', to: 'connecting.registering' }, edges)).toBeUndefined();
    expect(edgeOf({ from: 'registered.idle', event: 'connection.idle', to: 'registered.idle' }, edges)).toBeUndefined();
  });
});
