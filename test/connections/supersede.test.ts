import { describe, expect, it } from 'vitest';
import { ask, countedCloses, metric, push } from '../support/ask.ts';
import { RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('a second connection of the same device', () => {
  it('closes the first with 4509', async () => {
    const pod = await runPod();
    const first = await runDevice(pod, 'lamp-1');

    const second = await runDevice(pod, 'lamp-1');

    expect(await first.closed).toEqual({ code: 4509, reason: 'superseded' });
    expect(second.socket.readyState).toBe(second.socket.OPEN);
  });

  it('gets the callbacks from then on and stays registered', async () => {
    const pod = await runPod();
    const first = await runDevice(pod, 'lamp-1');
    const second = await runDevice(pod, 'lamp-1');
    await first.closed;

    const answer = await push(pod.callback, 'lamp-1', 'new');
    const { json } = await ask(pod.callback, '/connections/lamp-1');

    expect(answer.status).toBe(200);
    expect(await second.received(1)).toMatchObject([{ data: Buffer.from('new') }]);
    expect(first.frames).toEqual([]);
    expect(json).toMatchObject({ state: expect.stringMatching(/^registered/) });
  });

  it('is another connection to a caller who means the first', async () => {
    const pod = await runPod();
    const first = await runDevice(pod, 'lamp-1');
    const { headers } = await ask(pod.callback, '/connections/lamp-1');
    await runDevice(pod, 'lamp-1');
    await first.closed;

    const answer = await push(pod.callback, 'lamp-1', 'old', { 'If-Match': headers.etag! });

    expect(answer.status).toBe(412);
  });

  it('wins although the first never answers the close', async () => {
    const pod = await runPod();
    const mute = await RawClient.device(pod.device, 'lamp-1');
    const second = await runDevice(pod, 'lamp-1');

    const answer = await push(pod.callback, 'lamp-1', 'hello');
    const closeFrame = await mute.bytes(2);

    expect(answer.status).toBe(200);
    expect(closeFrame[0]).toBe(0x88);
    expect(await second.received(1)).toHaveLength(1);
  });
});

it('of many connections of one device at once exactly one is left', async () => {
  const pod = await runPod();

  const devices = await Promise.all(Array.from({ length: 20 }, () => runDevice(pod, 'lamp-1')));
  const closes = await countedCloses([pod], 19);
  const { json } = await ask(pod.admin, '/connections');

  expect(closes).toEqual({ '4509 superseded': 5, '4429 contended': 14 });
  expect(json).toMatchObject({ total: 1, connections: [{ deviceId: 'lamp-1' }] });
  expect(devices.filter(({ socket }) => socket.readyState === socket.OPEN)).toHaveLength(1);
});

it('a device that comes back after a close keeps its new entry', async () => {
  const pod = await runPod();
  for (let round = 0; round < 20; round += 1) {
    const device = await runDevice(pod, 'lamp-1');
    await device.close();
  }

  const device = await runDevice(pod, 'lamp-1');
  const answer = await push(pod.callback, 'lamp-1');

  expect(answer.status).toBe(200);
  expect(await device.received(1)).toHaveLength(1);
});

it('connections are counted by their state', async () => {
  const pod = await runPod();
  await runDevice(pod, 'lamp-1');
  await runDevice(pod, 'lamp-2');

  const count = await until(() => metric(pod.admin, 'ws_connect_connections{state="registered.active"}'));

  expect(count).toBe(2);
});
