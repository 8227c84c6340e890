import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import type { Timed } from '../../src/base/clockwork.ts';
import { Clockwork } from '../../src/base/clockwork.ts';

const tickMs = 50;

/** Something that wants a look every `periodMs`, and writes down when it got one. */
class Recorder implements Timed {
  dueTick = Infinity;
  readonly looks: number[] = [];
  readonly #periodMs: number;

  constructor(periodMs = Infinity) {
    this.#periodMs = periodMs;
  }

  onDue(now: number): number {
    this.looks.push(now);
    return now + this.#periodMs;
  }
}

/** Lets the time pass tick by tick, and what is under way with it. */
async function pass(clock: SimulatedClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += tickMs) {
    clock.increment(tickMs);
    await setImmediate();
  }
}

function startClockwork(slots?: number) {
  const clock = new SimulatedClock();
  const clockwork = new Clockwork(clock, () => {}, slots);
  clockwork.start();
  return { clock, clockwork };
}

describe('the clockwork', () => {
  it('looks when a deadline has come, and not before', async () => {
    const { clock, clockwork } = startClockwork();
    const timed = new Recorder(200);
    clockwork.arm(timed, 0);

    await pass(clock, 600);

    expect(timed.looks).toEqual([50, 250, 450]);
  });

  it('looks once at what is armed twice, at the earlier time', async () => {
    const { clock, clockwork } = startClockwork();
    const timed = new Recorder();
    clockwork.arm(timed, 400);
    clockwork.arm(timed, 100);
    clockwork.arm(timed, 300);

    await pass(clock, 600);

    expect(timed.looks).toEqual([100]);
  });

  it('looks again soon when the look itself asks for it', async () => {
    const { clock, clockwork } = startClockwork();
    const timed = new Recorder(10_000);
    const onDue = timed.onDue.bind(timed);
    timed.onDue = (now) => {
      if (timed.looks.length === 0) clockwork.arm(timed, now + 100);
      return onDue(now);
    };
    clockwork.arm(timed, 0);

    await pass(clock, 300);

    expect(timed.looks).toEqual([50, 150]);
  });

  it('waits for what lies beyond a turn of the wheel', async () => {
    const { clock, clockwork } = startClockwork(4);
    const timed = new Recorder();
    clockwork.arm(timed, 1000);

    await pass(clock, 2000);

    expect(timed.looks).toEqual([1000]);
  });

  it('looks once at everything that came due while the process was frozen', async () => {
    const { clock, clockwork } = startClockwork(8);
    const all = [100, 200, 3_000_000].map((at) => {
      const timed = new Recorder();
      clockwork.arm(timed, at);
      return timed;
    });

    clock.increment(3_600_000);
    await setImmediate();

    expect(all.map(({ looks }) => looks)).toEqual([[3_600_000], [3_600_000], [3_600_000]]);
  });

  it('lets the event loop go on in between when a round takes long, and looks at everyone', async () => {
    const { clock, clockwork } = startClockwork();
    const all = Array.from({ length: 640 }, () => new Recorder());
    for (const timed of all) {
      const onDue = timed.onDue.bind(timed);
      timed.onDue = (now) => {
        clock.set(clock.now() + 1);
        return onDue(now);
      };
      clockwork.arm(timed, 0);
    }

    clock.increment(tickMs);
    const lookedAt = () => all.filter(({ looks }) => looks.length === 1).length;
    const first = lookedAt();
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();

    expect(first).toBeLessThan(640);
    expect(lookedAt()).toBe(640);
  });

  it('stops', async () => {
    const { clock, clockwork } = startClockwork();
    const timed = new Recorder(50);
    clockwork.arm(timed, 0);
    await pass(clock, 100);

    clockwork.stop();
    await pass(clock, 300);

    expect(timed.looks).toEqual([50, 100]);
  });
});

describe('any sequence of arming, disarming and time', () => {
  const id = fc.nat(5);
  const step = fc.oneof(
    fc.record({ do: fc.constant('arm' as const), id, inMs: fc.integer({ min: -100, max: 3000 }) }),
    fc.record({ do: fc.constant('disarm' as const), id }),
    fc.record({ do: fc.constant('pass' as const), ticks: fc.integer({ min: 1, max: 30 }) }),
  );

  it('looks exactly when a sorted list of deadlines says, whatever the size of the wheel', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 4, 16, 1024), async (steps, slots) => {
        const { clock, clockwork } = startClockwork(slots);
        const all = Array.from({ length: 6 }, () => new Recorder());
        const deadlines = new Map<number, number>();
        const expected: number[][] = all.map(() => []);

        for (const one of steps) {
          if (one.do === 'arm') {
            const at = Math.max(Math.ceil((clock.now() + one.inMs) / tickMs) * tickMs, clock.now() + tickMs);
            clockwork.arm(all[one.id]!, clock.now() + one.inMs);
            deadlines.set(one.id, Math.min(at, deadlines.get(one.id) ?? Infinity));
          } else if (one.do === 'disarm') {
            clockwork.disarm(all[one.id]!);
            deadlines.delete(one.id);
          } else {
            const until = clock.now() + one.ticks * tickMs;
            await pass(clock, one.ticks * tickMs);
            for (const [who, at] of [...deadlines].sort(([, a], [, b]) => a - b)) {
              if (at > until) break;
              expected[who]!.push(at);
              deadlines.delete(who);
            }
          }
        }

        expect(all.map(({ looks }) => looks)).toEqual(expected);
        const waiting = all.map(({ dueTick }, who) => (dueTick === Infinity ? -1 : who)).filter((who) => who >= 0);
        expect(waiting).toEqual([...deadlines.keys()].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});
