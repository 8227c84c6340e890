import { describe, expect, it } from 'vitest';
import { metric, push } from '../support/ask.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

describe('a message of a device', () => {
  it('of MAX_PAYLOAD_BYTES is fine, one byte more closes with 1009', async () => {
    const pod = await runPod({ MAX_PAYLOAD_BYTES: '1000' });
    const device = await runDevice(pod);
    device.send(Buffer.alloc(1000));
    await push(pod.callback, 'lamp-1', 'still here');
    await device.received(1);

    device.send(Buffer.alloc(1001));
    const { code } = await device.closed;

    expect(code).toBe(1009);
  });

  it('that grows too big fragment by fragment closes with 1009', async () => {
    const pod = await runPod({ MAX_PAYLOAD_BYTES: '150' });
    const client = await RawClient.device(pod.device, 'lamp-1');

    client.send(frame(2, Buffer.alloc(100), false));
    client.send(frame(0, Buffer.alloc(100), true));

    expect(await client.closeFrame()).toMatchObject({ code: 1009 });
  });

  it('in text that is not UTF-8 closes with 1007', async () => {
    const pod = await runPod();
    const client = await RawClient.device(pod.device, 'lamp-1');

    client.send(frame(1, Buffer.from([0x66, 0xff, 0xfe])));

    expect(await client.closeFrame()).toMatchObject({ code: 1007 });
  });

  it.each([
    ['an unmasked frame', Buffer.from([0x81, 0x01, 0x61])],
    ['a reserved opcode', frame(3)],
    ['a continuation of nothing', frame(0, 'a')],
    ['a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0])],
    ['a fragmented ping', frame(9, 'a', false)],
  ])('that breaks the protocol closes with 1002: %s', async (_what, bytes) => {
    const pod = await runPod();
    const client = await RawClient.device(pod.device, 'lamp-1');

    client.send(bytes);

    expect(await client.closeFrame()).toMatchObject({ code: 1002 });
  });
});

it('a close that this side decides on is counted by code and reason', async () => {
  const pod = await runPod({ MAX_PAYLOAD_BYTES: '10' });
  const device = await runDevice(pod);
  device.send(Buffer.alloc(11));
  await device.closed;

  const count = await until(() => metric(pod.admin, 'ws_connect_closes_total{code="1009",reason="message-too-big"}'));

  expect(count).toBe(1);
});

it('a close code that the device made up counts as other', async () => {
  const pod = await runPod();
  const device = await runDevice(pod);
  device.socket.close(4321, 'mine');
  await device.closed;

  const count = await until(() => metric(pod.admin, 'ws_connect_closes_total{code="other",reason="peer"}'));

  expect(count).toBe(1);
});

it('a device that breaks the protocol harms no other', async () => {
  const pod = await runPod();
  const good = await runDevice(pod, 'good');
  const bad = await RawClient.device(pod.device, 'bad');
  bad.send(Buffer.from([0xff, 0xff, 0xff]));
  await bad.ended;

  const answer = await push(pod.callback, 'good', 'hello');

  expect(answer.status).toBe(200);
  expect(await good.received(1)).toHaveLength(1);
});
