import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { ask, metric, stateOf } from '../support/ask.ts';
import { BatchCaller, ndjson, pushBatch } from '../support/batch.ts';
import { fillUp } from '../support/frozen-device.ts';
import { SteppedClock } from '../../src/testing/stepped-clock.ts';
import type { TestPod } from '../support/pod.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

const ok = (deviceId: string) => ({ deviceId, status: 200 });
const to = (deviceId: string, data = 'hello') => ({ deviceId, data });
/** An id whose results are as long as results get. */
const longId = 'x'.repeat(128);

/** Sends lines until the pod takes no more. Returns how many. */
async function sendUntilStuck(pod: TestPod, caller: BatchCaller, lines: object[]): Promise<number> {
  let sent = 0;
  let quiet = 0;
  while (quiet < 50) {
    const before = caller.outgoing.socket!.bytesWritten;
    if (!caller.outgoing.writableNeedDrain) {
      caller.send(...lines);
      sent += lines.length;
    }
    await ask(pod.admin, '/livez');
    const isMoving = caller.outgoing.socket!.bytesWritten !== before || !caller.outgoing.writableNeedDrain;
    quiet = isMoving ? 0 : quiet + 1;
  }
  return sent;
}

describe('a batch that is streamed', () => {
  it('is answered line by line while more still comes', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const caller = await BatchCaller.start(pod.callback);

    caller.send(to('lamp-1'));
    const first = await caller.received(1);
    caller.send(to('lamp-2'), to('lamp-1'));
    const all = await caller.received(3);
    caller.end();

    expect(first).toEqual([ok('lamp-1')]);
    expect(all.slice(1)).toEqual([{ deviceId: 'lamp-2', status: 404, code: 'not-connected' }, ok('lamp-1')]);
    expect(await caller.ended).toBe(true);
  });

  it('may be followed by another request on the same connection', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod.callback);
    const body = ndjson([to('lamp-1')]).toString();
    const request = `POST /callback HTTP/1.1\r\nHost: pod\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

    client.send(request);
    const first = await client.answer();
    client.send(request);
    const second = await client.answer();

    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toContain('not-connected');
  });

  it('is delivered as far as it came when its caller breaks off', async () => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const caller = await BatchCaller.start(pod.callback);
    caller.send(to('lamp-1'), '{"deviceId":"lamp-1","da');
    await caller.received(1);

    caller.outgoing.destroy();
    const { results } = await pushBatch(pod.callback, ndjson([to('lamp-1', 'next')]));

    expect(results).toEqual([ok('lamp-1')]);
    expect((await device.received(2)).map(({ data }) => data.toString())).toEqual(['hello', 'next']);
    expect(pod.logs.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('takes no more lines than results are read, and goes on where it was', { timeout: 60_000 }, async () => {
    const pod = await runPod();
    const caller = await BatchCaller.start(pod.callback);
    caller.response!.pause();
    const lines = Array.from({ length: 500 }, () => to(longId));

    const sent = await sendUntilStuck(pod, caller, lines);
    const taken = await metric(pod.admin, 'ws_connect_callbacks_total{outcome="not-connected"}');
    caller.response!.resume();
    const results = await caller.received(sent);
    caller.end();

    expect(taken).toBeLessThan(sent);
    expect(new Set(results.map(({ code }) => code))).toEqual(new Set(['not-connected']));
    expect(await caller.ended).toBe(true);
    expect(caller.results).toHaveLength(sent);
  });
});

/** Lets time pass for the pod, second by second. */
async function pass(clock: SimulatedClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.increment(1000);
    await setImmediate();
  }
}

describe('a caller that stands still', () => {
  it('is cut after 30 s when it sends nothing', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({}, undefined, clock);
    const caller = await BatchCaller.start(pod.callback);
    caller.send(to('lamp-1'));
    await caller.received(1);

    await pass(clock, 30);

    expect(await caller.ended).toBe(false);
    expect(await pod.logged('a batch was ended: its client neither sends nor reads')).toMatchObject({ line: 1 });
  });

  it('is not cut as long as it sends something now and then', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({}, undefined, clock);
    const caller = await BatchCaller.start(pod.callback);

    for (let round = 1; round <= 5; round += 1) {
      await pass(clock, 29);
      caller.send(to('lamp-1'));
      await caller.received(round);
    }
    caller.end();

    expect(await caller.ended).toBe(true);
  });

  it('is cut after 30 s when it reads nothing', { timeout: 60_000 }, async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({}, undefined, clock);
    const caller = await BatchCaller.start(pod.callback);
    caller.response!.pause();
    await sendUntilStuck(
      pod,
      caller,
      Array.from({ length: 500 }, () => to(longId)),
    );

    await pass(clock, 30);
    await pod.logged('a batch was ended: its client neither sends nor reads');
    caller.response!.resume();

    expect(await caller.ended).toBe(false);
  });
});

/** Lets the pod take up whatever was sent. */
async function settle(pod: TestPod): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await ask(pod.admin, '/livez');
}

describe('a device that stands still', () => {
  it('keeps the results behind it waiting for 5 s, but not the messages', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, undefined, clock);
    const frozen = await RawClient.device(pod.device, 'frozen');
    frozen.socket.pause();
    await fillUp(pod, 'frozen');
    const good = await runDevice(pod, 'good');
    const caller = await BatchCaller.start(pod.callback);
    caller.send(to('good'), to('frozen'), to('good'));
    caller.end();
    await good.received(2);
    const before = [...(await caller.received(1))];

    await clock.pass(5000);
    const isWhole = await caller.ended;

    expect(before).toEqual([ok('good')]);
    expect(isWhole).toBe(true);
    expect(caller.results.slice(1)).toEqual([
      { deviceId: 'frozen', status: 504, code: 'delivery-timeout' },
      ok('good'),
    ]);
  });

  it('has one outcome only, also when its connection ends afterwards', async () => {
    const clock = new SteppedClock();
    const pod = await runPod({}, undefined, clock);
    const frozen = await RawClient.device(pod.device, 'frozen');
    frozen.socket.pause();
    await fillUp(pod, 'frozen');
    const caller = await BatchCaller.start(pod.callback);
    caller.send(to('frozen'));
    await settle(pod);
    await clock.pass(5000);
    await caller.received(1);

    frozen.socket.destroy();
    await until(async () => (await stateOf(pod.callback, 'frozen')) === undefined);

    const counted = (outcome: string) => metric(pod.admin, `ws_connect_callbacks_total{outcome="${outcome}"}`);
    expect(await counted('delivery-timeout')).toBe(2); // one of the batch, and the one that filled it up
    expect(await counted('not-connected')).toBe(0);
  });
});

/** How many messages the device gets before it acknowledges one. */
async function unacknowledged(pod: TestPod, data: string): Promise<number> {
  const device = await runDevice(pod, 'silent', ['ws-connect.v1']);
  const caller = await BatchCaller.start(pod.callback, '?ack=1&timeoutMs=30000');
  caller.send(...Array.from({ length: 300 }, () => to('silent', data)));
  await device.received(2);
  await settle(pod);
  return device.frames.length - 1; // but for the welcome
}

describe('a batch whose devices are slow to acknowledge', () => {
  it('waits for no more than 256 of them', async () => {
    const pod = await runPod();

    expect(await unacknowledged(pod, 'x')).toBe(256);
  });

  it('keeps no more than a megabyte of lines', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000000' });

    expect(await unacknowledged(pod, 'x'.repeat(60_000))).toBe(18);
  });

  it('is not cut while it waits for them', async () => {
    const clock = new SimulatedClock();
    const pod = await runPod({}, undefined, clock);
    const device = await runDevice(pod, 'silent', ['ws-connect.v1']);
    const caller = await BatchCaller.start(pod.callback, '?ack=1&timeoutMs=30000');
    caller.send(to('silent'));
    await device.received(2);

    await pass(clock, 31);
    const results = await caller.received(1);

    expect(results).toEqual([{ deviceId: 'silent', status: 504, code: 'ack-timeout' }]);
  });
});

describe('a batch on a pod that ends', () => {
  it('goes on while it drains, and ends with a result for every line that was taken', async () => {
    const pod = await runPod();
    await runDevice(pod);
    const caller = await BatchCaller.start(pod.callback);
    pod.pod.terminate();
    await pod.logged('drain began');

    caller.send(to('lamp-1'));
    await caller.received(1);
    pod.pod.terminate();
    const isWhole = await caller.ended;

    expect(isWhole).toBe(true);
    expect(caller.results).toEqual([ok('lamp-1')]);
    await pod.pod.ended;
  });
});
