import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { Acks } from '../../src/connections/acks.ts';

function start() {
  const clock = new SimulatedClock();
  const timers = new Set<unknown>();
  const watched: Clock = {
    now: () => clock.now(),
    setTimeout(run, ms) {
      const id = clock.setTimeout(run, ms);
      timers.add(id);
      return id;
    },
    clearTimeout(id) {
      timers.delete(id);
      clock.clearTimeout(id as number);
    },
  };
  return { clock, timers, acks: new Acks(watched) };
}

describe('a message that waits for its acknowledgement', () => {
  it('has it when the device names it', async () => {
    const { acks } = start();
    const [first, second] = [acks.wait('a', 1000), acks.wait('b', 1000)];

    acks.acknowledge('b');
    acks.abandon();

    expect(await Promise.all([first, second])).toEqual([false, true]);
  });

  it('has none after its time', async () => {
    const { clock, acks } = start();
    const [early, late] = [acks.wait('a', 1000), acks.wait('b', 1001)];

    clock.increment(1000);
    acks.acknowledge('a');
    acks.acknowledge('b');

    expect(await Promise.all([early, late])).toEqual([false, true]);
  });

  it('sent twice, has it twice by one acknowledgement', async () => {
    const { clock, acks } = start();
    const both = [acks.wait('a', 1000)];
    clock.increment(900);
    both.push(acks.wait('a', 1000));

    acks.acknowledge('a');

    expect(await Promise.all(both)).toEqual([true, true]);
  });

  it('sent again after its time has run out, is waited for anew', async () => {
    const { clock, acks } = start();
    const first = acks.wait('a', 1000);
    clock.increment(500);
    const second = acks.wait('a', 1000);
    clock.increment(500);

    acks.acknowledge('a');

    expect(await Promise.all([first, second])).toEqual([false, true]);
  });

  it('leaves nothing behind', async () => {
    const { clock, timers, acks } = start();
    const waits = [acks.wait('a', 1000), acks.wait('b', 1000), acks.wait('c', 1000)];

    acks.acknowledge('a');
    acks.acknowledge('nobody waits for this');
    acks.abandon();
    acks.abandon();
    clock.increment(5000);

    expect(await Promise.all(waits)).toEqual([true, false, false]);
    expect(timers.size).toBe(0); // one that runs on would keep the process alive
  });
});
