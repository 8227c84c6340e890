import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import type { Timed } from '../src/clockwork.ts';
import { startClockwork } from '../src/clockwork.ts';

/** Something that wants a look every `periodMs`, and writes down when it got one. */
class Recorder implements Timed {
  nextLookAt = 0;
  readonly looks: number[] = [];
  readonly #periodMs: number;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  look(now: number): number {
    this.looks.push(now);
    return now + this.#periodMs;
  }
}

/** Lets the time pass tick by tick, and what is under way with it. */
async function pass(clock: SimulatedClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.increment(50);
    await setImmediate();
  }
}

describe('the clockwork', () => {
  it('looks when a deadline has come, and not before', async () => {
    const clock = new SimulatedClock();
    const timed = new Recorder(200);
    startClockwork(clock, () => [timed]);

    await pass(clock, 600);

    expect(timed.looks).toEqual([50, 250, 450]);
  });

  it('looks at once when something has changed', async () => {
    const clock = new SimulatedClock();
    const timed = new Recorder(10_000);
    startClockwork(clock, () => [timed]);
    await pass(clock, 100);

    timed.nextLookAt = 0;
    await pass(clock, 100);

    expect(timed.looks).toEqual([50, 150]);
  });

  it('looks again soon when the look itself asks for it', async () => {
    const clock = new SimulatedClock();
    const timed = new Recorder(10_000);
    const look = timed.look.bind(timed);
    timed.look = (now) => {
      if (timed.looks.length === 0) timed.nextLookAt = now + 100;
      return look(now);
    };
    startClockwork(clock, () => [timed]);

    await pass(clock, 300);

    expect(timed.looks).toEqual([50, 150]);
  });

  it('looks at everyone, also at more than fit in one slice', async () => {
    const clock = new SimulatedClock();
    const all = Array.from({ length: 1000 }, () => new Recorder(10_000));
    startClockwork(clock, () => all);

    await pass(clock, 200);

    expect(all.filter(({ looks }) => looks.length !== 1)).toEqual([]);
  });

  it('lets the event loop go on in between when a round takes long', async () => {
    const clock = new SimulatedClock();
    const all = Array.from({ length: 640 }, () => new Recorder(10_000));
    for (const timed of all) {
      const look = timed.look.bind(timed);
      timed.look = (now) => {
        clock.set(clock.now() + 1);
        return look(now);
      };
    }
    startClockwork(clock, () => all);

    clock.increment(50);
    const lookedAt = () => all.filter(({ looks }) => looks.length > 0).length;
    const first = lookedAt();
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();

    expect(first).toBeLessThan(640);
    expect(lookedAt()).toBe(640);
  });

  it('takes who comes and goes meanwhile', async () => {
    const clock = new SimulatedClock();
    const [first, second] = [new Recorder(100), new Recorder(100)];
    const all = new Set([first]);
    startClockwork(clock, () => all);
    await pass(clock, 100);

    all.delete(first);
    all.add(second);
    await pass(clock, 100);

    expect(first.looks).toEqual([50]);
    expect(second.looks).toEqual([150]);
  });

  it('stops', async () => {
    const clock = new SimulatedClock();
    const timed = new Recorder(50);
    const stop = startClockwork(clock, () => [timed]);
    await pass(clock, 100);

    stop();
    await pass(clock, 300);

    expect(timed.looks).toEqual([50, 100]);
  });
});
