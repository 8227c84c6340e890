import { describe, expect, it } from 'vitest';
import { ask, metric, push } from '../support/ask.ts';
import { body, frozenDevice, pushUntilRefused } from '../support/frozen-device.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('a device that reads too slowly', () => {
  it('makes further callbacks a 503 that says when to try again', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' });
    await frozenDevice(pod);

    const { refusal } = await pushUntilRefused(pod);

    expect(refusal.status).toBe(503);
    expect(refusal.json).toMatchObject({ code: 'backpressure' });
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(0);
    expect(await metric(pod.admin, 'ws_connect_callbacks_total{outcome="backpressure"}')).toBeGreaterThan(0);
  });

  it('leaves no callback unanswered once it is gone', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '300000' });
    const frozen = await frozenDevice(pod);
    const { all } = await pushUntilRefused(pod);

    frozen.socket.resetAndDestroy();
    const answers = await all;

    expect(answers.map(({ status }) => status).filter((status) => ![200, 404, 503].includes(status))).toEqual([]);
    expect(answers.filter(({ status }) => status === 404)).not.toEqual([]);
  });

  it('leaves no callback unanswered when it answers no ping either', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000', PONG_TIMEOUT_MS: '500', PING_INTERVAL_MS: '100' });
    await frozenDevice(pod);
    const { all } = await pushUntilRefused(pod);

    const answers = await all;

    expect(answers.filter(({ status }) => status === 404)).not.toEqual([]);
  });

  it('gets everything that was answered 200 once it reads again', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' });
    const frozen = await frozenDevice(pod);
    const { all } = await pushUntilRefused(pod);

    frozen.socket.resume();
    const answers = await all;
    const delivered = answers.filter(({ status }) => status === 200).length;
    const bytes = await frozen.bytes(delivered * (body.length + 10));

    expect(delivered).toBeGreaterThan(0);
    expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0x82, 127]));
  });

  it('slows nobody else', async () => {
    const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' });
    const good = await runDevice(pod, 'good');
    const frozen = await frozenDevice(pod);
    const { all } = await pushUntilRefused(pod);

    const { status } = await push(pod.callback, 'good', 'hello');

    expect(status).toBe(200);
    expect(await good.received(1)).toHaveLength(1);
    frozen.socket.destroy();
    await all;
  });
});

it('a callback larger than MAX_BUFFERED_BYTES goes to a device with nothing waiting', async () => {
  const pod = await runPod({ MAX_BUFFERED_BYTES: '10' });
  const device = await runDevice(pod);

  const { status } = await push(pod.callback, 'lamp-1', body);

  expect(status).toBe(200);
  expect(await device.received(1)).toHaveLength(1);
});

it.each(['close', 'terminate'] as const)(
  'a callback to a device that leaves at that moment (%s) is answered once, with 200 or 404',
  async (leave) => {
    const pod = await runPod();
    const statuses: number[] = [];

    for (let round = 0; round < 50; round += 1) {
      const device = await runDevice(pod, `lamp-${round}`);
      const answers = [push(pod.callback, `lamp-${round}`), push(pod.callback, `lamp-${round}`)];
      device.socket[leave]();
      statuses.push(...(await Promise.all(answers)).map(({ status }) => status));
    }

    expect(statuses).toHaveLength(100);
    expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([]);
  },
);

it('a callback that is under way when the pod is ended by force is answered', async () => {
  const pod = await runPod({ MAX_BUFFERED_BYTES: '100000' });
  await frozenDevice(pod);
  const { all } = await pushUntilRefused(pod);

  await pod.stop();
  const answers = await all;

  expect(answers.filter(({ status }) => status === 404)).not.toEqual([]);
});

it('the pod counts what it has in hand down to nothing', async () => {
  const pod = await runPod();
  const device = await runDevice(pod);
  await push(pod.callback, 'lamp-1');
  await device.close();

  const { json } = await until(async () => {
    const answer = await ask(pod.admin, '/connections');
    return (answer.json as { total: number }).total === 0 && answer;
  });

  expect(json).toEqual({ total: 0, connections: [] });
});
