import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { asyncapi } from '../../src/documents/asyncapi.ts';
import { ask } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { runPod } from '../support/running.ts';

interface Channel {
  messages: Record<string, { payload: object }>;
}

const document = asyncapi();
const ajv = new Ajv({ strict: false, formats: { base64: true } }); // its pattern says it all

/** Which of the documented messages this is. */
function named(names: readonly string[], value: unknown): string[] {
  const { messages } = document.channels.envelope as Channel;
  return names.filter((name) => ajv.validate(messages[name]!.payload, value));
}

it('every frame to a device is one of the messages that are documented, and each comes', async () => {
  const pod = await runPod({ DRAIN_SWEEPS: '1', DRAIN_INTERVAL_MS: '100', IDLE_AFTER_MS: '1' });
  const device = (await EnvelopeDevice.run(pod)).acknowledgeAll();
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const text = { 'Content-Type': 'text/plain', traceparent };
  await device.heard('welcome');

  await ask(pod.callback, '/callback/lamp-1?ack=1', { method: 'POST', body: 'hello', headers: text });
  await ask(pod.callback, '/callback/lamp-1', { method: 'POST', body: Buffer.from([0, 255]) });
  pod.pod.terminate();
  await device.closed;

  const names = messagesOf('sendFrame');
  const heard = device.envelopes.map((envelope) => named(names, envelope));
  expect(heard).toEqual([['welcome'], ['message'], ['message'], ['goaway']]);
});

it('every message of a device that is documented is understood', async () => {
  const pod = await runPod();
  const device = await EnvelopeDevice.run(pod);
  const frames = [
    { type: 'message', data: { temperature: 21 } },
    { type: 'ack', id: 'order-7' },
  ];

  for (const frame of frames) device.send(JSON.stringify(frame));
  const answer = await ask(pod.callback, '/callback/lamp-1', { method: 'POST', body: 'still here' });

  expect(frames.map((frame) => named(messagesOf('receiveFrame'), frame))).toEqual([['deviceMessage'], ['ack']]);
  expect(messagesOf('receiveFrame')).toEqual(['deviceMessage', 'ack']);
  expect(answer.status).toBe(200);
});

it.each(['hello', '{"type":"hello"}', '{"type":"message"}', '{"type":"ack","id":7}'])(
  'what is no message of a device closes the connection: %s',
  async (text) => {
    const device = await EnvelopeDevice.run(await runPod());

    device.send(text);

    expect(await device.closed).toMatchObject({ code: 1003 });
    expect(named(messagesOf('receiveFrame'), parse(text))).toEqual([]);
  },
);

function messagesOf(operation: 'sendFrame' | 'receiveFrame'): string[] {
  return document.operations[operation].messages.map(({ $ref }) => $ref.split('/').at(-1)!);
}

function parse(text: string): unknown {
  return text.startsWith('{') ? JSON.parse(text) : text;
}
