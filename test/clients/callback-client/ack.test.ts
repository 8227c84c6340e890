import { describe, expect, it } from 'vitest';
import { runClient } from '../../support/callback-clients.ts';
import { EnvelopeDevice } from '../../support/envelope-device.ts';
import { runDevice, runPod } from '../../support/running.ts';

async function runPodAndClient() {
  const pod = await runPod();
  return { pod, client: runClient({ pods: [pod.callback] }) };
}

/** The ids of the messages a device got. */
function idsOf({ envelopes }: EnvelopeDevice): unknown[] {
  return envelopes.filter(({ type }) => type === 'message').map(({ id }) => id);
}

describe('a message that is to be acknowledged', () => {
  it('is reported as acked once the device has said so, under the id that was drawn for it', async () => {
    const { pod, client } = await runPodAndClient();
    const device = (await EnvelopeDevice.run(pod)).acknowledgeAll();

    const result = await client.send('lamp-1', { on: true }, { ack: true });

    expect(result).toMatchObject({ outcome: 'acked', attempts: 1 });
    expect(idsOf(device)).toEqual([result.id]);
  });

  it('is in doubt, and not sent again, when the device does not say so', async () => {
    const { pod, client } = await runPodAndClient();
    const device = await EnvelopeDevice.run(pod);

    const result = await client.send('lamp-1', 'x', { ack: true, timeoutMs: 50 });

    expect(result).toMatchObject({ outcome: 'unknown', code: 'ack-timeout', attempts: 1 });
    expect(idsOf(device)).toEqual([result.id]);
  });

  it('that has an id is sent again under it until the device says so', async () => {
    const { pod, client } = await runPodAndClient();
    const device = await EnvelopeDevice.run(pod);

    const sending = client.send('lamp-1', 'x', { id: 'order-7', ack: true, timeoutMs: 50 });
    await device.received(3); // the welcome, and the message twice
    device.acknowledgeAll();

    expect(await sending).toMatchObject({ outcome: 'acked', id: 'order-7' });
    expect(new Set(idsOf(device))).toEqual(new Set(['order-7']));
  });

  it('is refused for a device in plain mode', async () => {
    const { pod, client } = await runPodAndClient();
    await runDevice(pod);

    const result = await client.send('lamp-1', 'x', { ack: true });

    expect(result).toMatchObject({ outcome: 'refused', status: 422, code: 'no-ack' });
  });
});

it('a message carries its id, type and trace to a device in envelope mode', async () => {
  const { pod, client } = await runPodAndClient();
  const device = await EnvelopeDevice.run(pod);
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

  await client.send('lamp-1', 'hello', { id: 'order-7', contentType: 'text/csv', traceparent });

  const message = { type: 'message', id: 'order-7', contentType: 'text/csv', data: 'hello', traceparent };
  expect(await device.heard('message')).toEqual(message);
});
