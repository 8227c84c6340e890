import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import type { ReconcilerOptions, Repairable } from '../../src/registry/reconciler.ts';
import { Reconciler } from '../../src/registry/reconciler.ts';

const roundMs = 50;

let clock: SimulatedClock;
let isUp: boolean;
/** Every repair so far: when, and of whom. */
let repairs: { at: number; claimedAt: number }[];

beforeEach(() => {
  clock = new SimulatedClock();
  isUp = true;
  repairs = [];
});

/** Of a connection that came at `claimedAt`. All is well after the repair that `mends`. */
class Broken implements Repairable {
  readonly claimedAt: number;
  isOver = false;
  mends = 1;
  readonly #reconciler: Reconciler;

  constructor(reconciler: Reconciler, claimedAt: number) {
    this.#reconciler = reconciler;
    this.claimedAt = claimedAt;
  }

  repair(): void {
    repairs.push({ at: clock.now(), claimedAt: this.claimedAt });
    this.mends -= 1;
    if (this.mends <= 0) this.#reconciler.clean(this);
    else this.#reconciler.mark(this);
  }
}

function startReconciler(overrides: Partial<ReconcilerOptions> = {}): Reconciler {
  const reconciler = new Reconciler({ clock, perSecond: 1000, isUp: () => isUp, random: () => 0, ...overrides });
  reconciler.start();
  return reconciler;
}

/** Lets the time pass in steps, and what is under way with it. */
async function pass(ms: number, stepMs = roundMs): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.increment(stepMs);
    await setImmediate();
  }
}

const brokenAt = (reconciler: Reconciler, times: readonly number[]) =>
  times.map((claimedAt) => new Broken(reconciler, claimedAt));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const repairedAt = () => repairs.map(({ at }) => at);
const repaired = () => repairs.map(({ claimedAt }) => claimedAt);

describe('a reconciler', () => {
  it('repairs what is marked, once', async () => {
    const reconciler = startReconciler();
    const [broken] = brokenAt(reconciler, [7]);
    reconciler.mark(broken!);
    reconciler.mark(broken!);

    await pass(5000);

    expect(repairs).toEqual([{ at: 50, claimedAt: 7 }]);
    expect(reconciler.size).toBe(0);
  });

  it('leaves alone what was made clean meanwhile', async () => {
    const reconciler = startReconciler();
    const [one, other] = brokenAt(reconciler, [1, 2]);
    for (const broken of [one!, other!]) reconciler.mark(broken);

    reconciler.clean(one!);
    await pass(2000);

    expect(repaired()).toEqual([2]);
  });

  it('knows how many are dirty', () => {
    const reconciler = startReconciler();
    const [one, other] = brokenAt(reconciler, [1, 2]);

    const sizes = [reconciler.size];
    for (const broken of [one!, other!, other!]) reconciler.mark(broken);
    sizes.push(reconciler.size);
    reconciler.clean(one!);
    sizes.push(reconciler.size);

    expect(sizes).toEqual([0, 2, 1]);
  });

  it('knows for how long the oldest has been dirty, since it became so first', () => {
    const reconciler = startReconciler();
    const [one, other] = brokenAt(reconciler, [5, 1]);
    isUp = false;

    const ages = [reconciler.oldestMs()];
    reconciler.mark(one!);
    clock.increment(300);
    reconciler.mark(other!);
    reconciler.mark(one!);
    clock.increment(200);
    ages.push(reconciler.oldestMs());
    reconciler.clean(one!);
    ages.push(reconciler.oldestMs());
    reconciler.clean(other!);
    ages.push(reconciler.oldestMs());

    expect(ages).toEqual([0, 500, 200, 0]);
  });

  it('repairs no more in a round than its rate allows, after two rounds at once to begin with', async () => {
    const reconciler = startReconciler({ perSecond: 200 });

    for (const broken of brokenAt(reconciler, upTo(45))) reconciler.mark(broken);
    await pass(500);

    const rounds = [50, 100, 150, 200].map((at) => repairedAt().filter((one) => one === at).length);
    expect(rounds).toEqual([20, 10, 10, 5]);
    expect(repairs).toHaveLength(45);
  });

  it.each([
    [1, [50, 1050, 2050]],
    [3, [50, 400, 750]],
  ])('repairs %d a second also when that is less than one in a round', async (perSecond, times) => {
    const reconciler = startReconciler({ perSecond });

    for (const broken of brokenAt(reconciler, upTo(3))) reconciler.mark(broken);
    await pass(4000);

    expect(repairedAt()).toEqual(times);
  });

  it('does not make up for the time in which there was nothing to do, but for two rounds', async () => {
    const reconciler = startReconciler({ perSecond: 200 });
    await pass(10_000);

    for (const broken of brokenAt(reconciler, upTo(100))) reconciler.mark(broken);
    await pass(50);

    expect(repairs).toHaveLength(20);
  });

  it('does not make up for the time in which the process stood still, but for two rounds', async () => {
    const reconciler = startReconciler({ perSecond: 200 });
    for (const broken of brokenAt(reconciler, upTo(500))) reconciler.mark(broken);

    clock.increment(60_000);
    await setImmediate();

    expect(repairs).toHaveLength(20);
  });

  it('repairs the newest connections first', async () => {
    const reconciler = startReconciler({ perSecond: 20 });

    reconciler.markAll(brokenAt(reconciler, [3, 9, 1, 7, 5]));
    await pass(1000);

    expect(repaired()).toEqual([9, 7, 5, 3, 1]);
  });

  it('repairs what has just become dirty before what was', async () => {
    const reconciler = startReconciler({ perSecond: 10 });
    reconciler.markAll(brokenAt(reconciler, [3, 9, 1]));
    await pass(50);

    for (const broken of brokenAt(reconciler, [20])) reconciler.mark(broken);
    await pass(500);

    expect(repaired()).toEqual([9, 20, 3, 1]);
  });

  it('tries again each second what stays dirty', async () => {
    const reconciler = startReconciler();
    await pass(1000);
    const [broken] = brokenAt(reconciler, [1]);
    broken!.mends = 4;

    reconciler.mark(broken!);
    await pass(10_000);

    expect(repairedAt()).toEqual([1050, 2050, 3050, 4050]);
  });

  it('tries again what stays dirty only when it has tried all others', async () => {
    const reconciler = startReconciler({ perSecond: 20 });
    const all = brokenAt(reconciler, upTo(30));
    all[29]!.mends = 2;

    reconciler.markAll(all);
    await pass(3000);

    expect(repaired()).toEqual([...upTo(30).toReversed(), 29]);
  });

  it('never tries again at once: what is dirty after its repair waits, however often it is marked', async () => {
    const reconciler = startReconciler({ perSecond: 100_000 });
    const [broken] = brokenAt(reconciler, [1]);
    broken!.mends = Infinity;
    reconciler.markAll([broken!]);

    for (let rounds = 0; rounds < 60; rounds += 1) {
      reconciler.mark(broken!);
      await pass(50);
    }

    expect(repairedAt()).toEqual([50, 1050, 2050]);
  });

  it('repairs nothing while the registry is down, and all once it is up', async () => {
    const reconciler = startReconciler();
    isUp = false;
    reconciler.markAll(brokenAt(reconciler, [1, 2, 3]));

    await pass(60_000, 1000);
    const before = repairs.length;
    isUp = true;
    await pass(1000);

    expect(before).toBe(0);
    expect(repaired()).toEqual([3, 2, 1]);
  });

  it.each([true, false])('forgets within a second whose entry is over, unrepaired; up: %s', async (up) => {
    const reconciler = startReconciler({ perSecond: 20 });
    const [one, other] = brokenAt(reconciler, [1, 2]);
    for (const broken of [one!, other!]) broken.mends = Infinity;
    reconciler.markAll([one!, other!]);
    await pass(1000);
    isUp = up;
    const before = repaired().filter((claimedAt) => claimedAt === 1).length;

    one!.isOver = true;
    await pass(1000 + roundMs);

    expect(reconciler.size).toBe(1);
    expect(repaired().filter((claimedAt) => claimedAt === 1)).toHaveLength(before);
  });

  it('does not keep more than is dirty, however long the registry is down and many come and go', async () => {
    const reconciler = startReconciler();
    isUp = false;

    for (let seconds = 0; seconds < 100; seconds += 1) {
      const visitors = brokenAt(reconciler, upTo(10));
      for (const broken of visitors) reconciler.mark(broken);
      await pass(1000, 500);
      for (const broken of visitors) broken.isOver = true;
    }
    await pass(1000, 500);

    expect(reconciler.size).toBe(0);
  });

  it('repairs nothing after it was stopped', async () => {
    const reconciler = startReconciler();
    for (const broken of brokenAt(reconciler, [1])) reconciler.mark(broken);

    reconciler.stop();
    await pass(5000);

    expect(repairs).toEqual([]);
    expect(reconciler.size).toBe(1);
  });

  it('repairs all that is dirty at once when it is flushed, up or down, and faster than its rate', () => {
    const reconciler = startReconciler({ perSecond: 1 });
    isUp = false;
    for (const broken of brokenAt(reconciler, upTo(1000))) reconciler.mark(broken);

    reconciler.stop();
    reconciler.flush();

    expect(repairs).toHaveLength(1000);
    expect(reconciler.size).toBe(0);
  });

  it('tries each once when it is flushed, also what stays dirty', () => {
    const reconciler = startReconciler();
    const all = brokenAt(reconciler, [1, 2]);
    for (const broken of all) broken.mends = 2;
    for (const broken of all) reconciler.mark(broken);

    reconciler.flush();

    expect(repaired()).toEqual([1, 2]);
    expect(reconciler.size).toBe(2);
  });
});

describe('after a recovery', () => {
  it.each([
    [0, 50],
    [0.5, 250],
    [0.999, 500],
  ])('the repairs begin at a random time: %d makes it %d ms', async (random, firstAt) => {
    const reconciler = startReconciler({ random: () => random });

    reconciler.markAll(brokenAt(reconciler, [1]));
    await pass(1000);

    expect(repairedAt()).toEqual([firstAt]);
  });

  it('of which there are two the later one counts, and everyone is repaired once', async () => {
    const reconciler = startReconciler({ random: () => 0.9 });
    const all = brokenAt(reconciler, [1, 2]);

    reconciler.markAll(all);
    await pass(400);
    reconciler.markAll(all);
    await pass(2000);

    expect(repairs).toEqual([
      { at: 850, claimedAt: 2 },
      { at: 850, claimedAt: 1 },
    ]);
  });

  it('what was dirty before is repaired with the rest, in the order of the connects', async () => {
    const reconciler = startReconciler({ perSecond: 20 });
    isUp = false;
    for (const broken of brokenAt(reconciler, [2, 6])) reconciler.mark(broken);
    await pass(100);

    isUp = true;
    reconciler.markAll(brokenAt(reconciler, [8, 4]));
    await pass(1000);

    expect(repaired()).toEqual([8, 6, 4, 2]);
  });
});

describe('the rate', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('mark' as const),
      count: fc.integer({ min: 1, max: 400 }),
      mends: fc.constantFrom(1, 1, 3),
    }),
    fc.record({ do: fc.constant('recover' as const), random: fc.constantFrom(0, 0.3, 0.99) }),
    fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 10, 49, 50, 51, 70, 99, 100, 130, 500, 3000),
    }),
    fc.record({ do: fc.constant('link' as const), up: fc.boolean() }),
  );

  /** Every second of the clock, from each repair on, has no more repairs than this. */
  const busiestSecond = () => {
    let busiest = 0;
    let first = 0;
    for (const [index, { at }] of repairs.entries()) {
      while (repairs[first]!.at <= at - 1000) first += 1;
      busiest = Math.max(busiest, index - first + 1);
    }
    return busiest;
  };

  it('is never above that of the options, whatever is marked and however unevenly the clock goes', async () => {
    const perSeconds = fc.constantFrom(1, 3, 19, 20, 21, 100, 1000);
    const staysBelow = fc.asyncProperty(perSeconds, fc.array(step, { maxLength: 40 }), async (perSecond, steps) => {
      clock = new SimulatedClock();
      isUp = true;
      repairs = [];
      let random = 0;
      const reconciler = startReconciler({ perSecond, random: () => random });
      const open = new Set<Broken>();
      for (const one of steps) {
        const before = repairs.length;
        if (one.do === 'mark') {
          for (const broken of brokenAt(
            reconciler,
            upTo(one.count).map(() => clock.now()),
          )) {
            broken.mends = one.mends;
            open.add(broken);
            reconciler.mark(broken);
          }
        } else if (one.do === 'recover') {
          random = one.random;
          reconciler.markAll(open);
        } else if (one.do === 'link') {
          isUp = one.up;
        } else {
          for (let passed = 0; passed < 500; passed += one.ms) await pass(one.ms, one.ms);
        }
        expect(isUp || repairs.length === before).toBe(true);
      }
      reconciler.stop();

      const saved = Math.max(1, perSecond / 10); // what two rounds may repair at once
      expect(busiestSecond()).toBeLessThanOrEqual(perSecond + saved);
    });

    await fc.assert(staysBelow, { numRuns: 150 });
  });
});
