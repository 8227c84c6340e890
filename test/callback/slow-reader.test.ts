import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/ask.ts';
import { ask, countedCloses, push, stateOf } from '../support/ask.ts';
import { body, frozenDevice, pushUntilRefused, settle } from '../support/frozen-device.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import type { TestPod } from '../support/pod.ts';
import type { RawClient } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

/** A pod with a device that reads nothing, for which a callback was just refused. */
async function runRefused(env: Record<string, string> = {}) {
  const clock = new SteppedClock();
  const pod = await runPod({ MAX_BUFFERED_BYTES: '100000', ...env }, undefined, clock);
  const frozen = await frozenDevice(pod);
  const { all } = await pushUntilRefused(pod);
  return { clock, pod, frozen, all };
}

/** Resolves once nothing waits for the device any more. */
async function caughtUp(pod: TestPod): Promise<void> {
  await until(async () => {
    const { json } = await ask(pod.admin, '/connections/frozen');
    return (json as { bytes: { waiting: number } }).bytes.waiting === 0;
  });
}

const isConnected = async (pod: TestPod) => (await stateOf(pod.callback, 'frozen')) !== undefined;

/** How many of these answers have each status. */
function tally(answers: Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** One callback that stays with the pod, all buffers on the way being full. */
async function pushUntilOneWaits(pod: TestPod): Promise<void> {
  for (;;) {
    let isAnswered = false;
    void push(pod.callback, 'frozen', body).then(() => {
      isAnswered = true;
    });
    await settle(pod);
    if (!isAnswered) return;
  }
}

/** The device reads another megabyte. */
async function readSome(pod: TestPod, frozen: RawClient): Promise<void> {
  frozen.received = Buffer.alloc(0);
  frozen.socket.resume();
  await frozen.bytes(1_000_000);
  frozen.socket.pause();
  await settle(pod);
}

describe('a device that stays slow', () => {
  it('is closed with 4413 ten seconds after a callback was refused, and not before', async () => {
    const { clock, pod } = await runRefused();

    await clock.pass(9900);
    const before = await isConnected(pod);
    await clock.pass(200, 200); // a look may be late by less than a second
    const closes = await countedCloses([pod], 1);

    expect(before).toBe(true);
    expect(closes).toEqual({ '4413 slow-reader': 1 });
    expect(await isConnected(pod)).toBe(false);
  });

  it('is cut without a wait for its close frame, and its callbacks are answered', async () => {
    const { clock, pod, frozen, all } = await runRefused();

    await clock.pass(10_100);
    const counts = tally(await all);
    frozen.socket.resume();
    await frozen.ended;

    expect(counts[504]).toBeGreaterThan(0);
    expect(Object.keys(counts)).toEqual(['200', '503', '504']);
    expect(await countedCloses([pod], 1)).toEqual({ '4413 slow-reader': 1 });
  });

  it('has ten seconds from the first callback refused, however many more are', async () => {
    const { clock, pod } = await runRefused();

    for (let seconds = 0; seconds < 10; seconds += 1) {
      await clock.pass(1000);
      await push(pod.callback, 'frozen', body);
    }
    await clock.pass(100);

    expect(await countedCloses([pod], 1)).toEqual({ '4413 slow-reader': 1 });
  });

  it('is closed although it was idle when the callback was refused', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' }, undefined, clock);
    await frozenDevice(pod);
    await pushUntilOneWaits(pod);
    await clock.pass(5000);

    const { status } = await push(pod.callback, 'frozen', body);
    await clock.pass(10_100);

    expect(status).toBe(503);
    expect(await countedCloses([pod], 1)).toEqual({ '4413 slow-reader': 1 });
  });

  it('is closed although it has read a little meanwhile', async () => {
    const clock = new SteppedClock();
    const sizes = { MAX_BUFFERED_BYTES: '20000000', MAX_PAYLOAD_BYTES: '1000000' };
    const pod = await runPod(sizes, undefined, clock);
    const frozen = await frozenDevice(pod);
    const { all, answers } = await pushUntilRefused(pod, Buffer.alloc(1_000_000));
    const delivered = () => tally(answers)[200]!;
    const before = delivered();

    while (delivered() === before) await readSome(pod, frozen);
    await clock.pass(10_100);

    expect(await countedCloses([pod], 1)).toEqual({ '4413 slow-reader': 1 });
    expect(tally(await all)[504]).toBeGreaterThan(10);
  });
});

describe('a device that was slow', () => {
  it('stays when it has caught up in time', async () => {
    const { clock, pod, frozen } = await runRefused();
    await clock.pass(9000);

    frozen.socket.resume();
    await caughtUp(pod);
    await clock.pass(11_000);
    const { status } = await push(pod.callback, 'frozen', body);

    expect(status).toBe(200);
  });

  it('has ten seconds anew when it has caught up in between', async () => {
    const { clock, pod, frozen } = await runRefused();
    await clock.pass(6000);
    frozen.socket.resume();
    await caughtUp(pod);
    frozen.socket.pause();
    await pushUntilRefused(pod);

    await clock.pass(9900);
    const before = await isConnected(pod);
    await clock.pass(200);
    const closes = await countedCloses([pod], 1);

    expect(before).toBe(true);
    expect(closes).toEqual({ '4413 slow-reader': 1 });
  });

  it('has ten seconds anew when it was the pod that stood still', async () => {
    const { clock, pod } = await runRefused();

    clock.increment(12_000);
    await clock.pass(9900);
    const before = await isConnected(pod);
    await clock.pass(300);
    const closes = await countedCloses([pod], 1);

    expect(before).toBe(true);
    expect(closes).toEqual({ '4413 slow-reader': 1 });
  });
});

describe('a device with less than half of MAX_BUFFERED_BYTES to read', () => {
  it('stays although a callback was too large to wait with that', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({ MAX_BUFFERED_BYTES: '400000', MAX_PAYLOAD_BYTES: '400000' }, undefined, clock);
    await frozenDevice(pod);
    await pushUntilOneWaits(pod);

    const { status } = await push(pod.callback, 'frozen', Buffer.alloc(390_000));
    await clock.pass(11_000);

    expect(status).toBe(503);
    expect(await isConnected(pod)).toBe(true);
  });
});
