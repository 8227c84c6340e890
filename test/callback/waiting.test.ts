import { describe, expect, it } from 'vitest';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import type { Answer } from '../support/ask.ts';
import { metric, push, stateOf } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { fillUp, frozenDevice, settle } from '../support/frozen-device.ts';
import { runDevice, runPod } from '../support/running.ts';

/** A pod whose time stands still, and a device that reads nothing and has all buffers on the way to it full. */
async function runFilled(env: Record<string, string> = {}) {
  const clock = new SteppedClock();
  const pod = await runPod(env, undefined, clock);
  const frozen = await frozenDevice(pod);
  await fillUp(pod, 'frozen');
  return { clock, pod, frozen };
}

/** The answer, as soon as it is there. */
function watch(answer: Promise<Answer>): { answer?: Answer } {
  const seen: { answer?: Answer } = {};
  void answer.then((one) => (seen.answer = one));
  return seen;
}

describe('a callback to a device that does not read', () => {
  it('is answered 504 after 5 s and not before', async () => {
    const { clock, pod } = await runFilled();
    const callback = push(pod.callback, 'frozen', 'hello');
    const seen = watch(callback);
    await settle(pod);

    await clock.pass(4900);
    await settle(pod);
    const early = seen.answer;
    await clock.pass(100);
    const { status, headers, json } = await callback;

    expect(early).toBeUndefined();
    expect(status).toBe(504);
    expect(json).toMatchObject({ code: 'delivery-timeout', detail: expect.stringContaining('may still receive it') });
    expect(headers['etag']).toMatch(/^"\w+"$/);
    expect(await stateOf(pod.callback, 'frozen')).toBeDefined();
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="delivery-timeout"}')).toBe(2);
  });

  it('arrives nevertheless when the device reads on', async () => {
    const { clock, pod, frozen } = await runFilled();
    const callback = push(pod.callback, 'frozen', 'the last one');
    await settle(pod);
    await clock.pass(5000);
    const { status } = await callback;

    frozen.socket.resume();
    while (!frozen.received.includes('the last one')) await settle(pod, 1);

    expect(status).toBe(504);
  });

  it('is answered 200 when the device reads on in time', async () => {
    const { clock, pod, frozen } = await runFilled();
    const callback = push(pod.callback, 'frozen', 'hello');
    await settle(pod);
    await clock.pass(4900);

    frozen.socket.resume();
    const { status } = await callback;
    await clock.pass(5000);

    expect(status).toBe(200);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="delivery-timeout"}')).toBe(0);
  });

  it('waits for its acknowledgement for as long as it says, and not for 5 s', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, undefined, clock);
    const device = await EnvelopeDevice.run(pod, 'frozen');
    device.socket.pause();
    await fillUp(pod, 'frozen');
    const callback = push(pod.callback, 'frozen?ack=1&timeoutMs=8000', 'hello');
    const seen = watch(callback);
    await settle(pod);

    await clock.pass(7900);
    await settle(pod);
    const early = seen.answer;
    await clock.pass(100);

    expect(early).toBeUndefined();
    expect((await callback).json).toMatchObject({ status: 504, code: 'ack-timeout' });
  });

  it('leaves no timer behind when its bytes go out at once', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, undefined, clock);
    await runDevice(pod);
    const delays: number[] = [];
    const setTimeout = clock.setTimeout.bind(clock);
    clock.setTimeout = (run, ms) => {
      delays.push(ms);
      return setTimeout(run, ms);
    };

    for (let count = 0; count < 20; count += 1) await push(pod.callback, 'lamp-1', 'hello');

    expect(delays).not.toContain(5000);
  });
});

describe('callbacks of one byte to a device that does not read', () => {
  it('count with what they cost the pod', async () => {
    const { pod } = await runFilled({ MAX_BUFFERED_BYTES: '500000' });
    const answers: Answer[] = [];

    for (let count = 0; count < 100; count += 1) {
      void push(pod.callback, 'frozen', 'x').then(
        (answer) => answers.push(answer),
        () => {}, // cut at the end of the test
      );
    }
    await settle(pod, 50);
    const waiting = 100 - answers.length;

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(waiting).toBeGreaterThan(40);
    expect(waiting).toBeLessThan(500_000 / 8192);
  });

  it('make it one that stays slow, which is closed', async () => {
    const { clock, pod } = await runFilled({ MAX_BUFFERED_BYTES: '500000' });
    for (let count = 0; count < 100; count += 1) void push(pod.callback, 'frozen', 'x').catch(() => {});
    await settle(pod, 50);

    await clock.pass(10_100);

    expect(await metric(pod.admin, 'ws_connect_closes_total{code="4413",reason="slow-reader"}')).toBe(1);
  });
});
