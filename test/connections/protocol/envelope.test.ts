import { describe, expect, it } from 'vitest';
import { envelope } from '../../../src/connections/protocol/envelope.ts';
import type { Frame } from '../../../src/connections/protocol/protocol.ts';
import { textMessage } from '../../support/message.ts';

const text = (frame: Frame | undefined) => {
  expect(frame?.binary).toBe(false);
  return JSON.parse(frame!.data.toString('utf8')) as unknown;
};
const hear = (said: string) => envelope.hear(Buffer.from(said), false);

describe('a message in an envelope', () => {
  it('has the text of a text body in `data`', () => {
    const frame = envelope.message(textMessage('grüß "dich"\n'));

    expect(text(frame)).toEqual({ type: 'message', id: 'm-1', contentType: 'text/plain', data: 'grüß "dich"\n' });
  });

  it('has a JSON body as text too: it is never parsed', () => {
    const frame = envelope.message(textMessage('{"on": true}', { contentType: 'application/json; charset=utf-8' }));

    expect(text(frame)).toMatchObject({ contentType: 'application/json; charset=utf-8', data: '{"on": true}' });
  });

  it.each(['application/octet-stream', '', 'application/jsonl'])(
    'has any other body, such as of %j, in base64',
    (type) => {
      const body = Buffer.from([0, 255, 128, 10]);

      const frame = envelope.message(textMessage('', { body, contentType: type }));

      expect(text(frame)).toEqual({ type: 'message', id: 'm-1', contentType: type, base64: 'AP+ACg==' });
    },
  );

  it('is none when a text body is not UTF-8', () => {
    const frame = envelope.message(textMessage('', { body: Buffer.from([0xff]) }));

    expect(frame).toBeUndefined();
  });

  it('says when the service waits for an acknowledgement, and in which trace it is', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    const frame = envelope.message(textMessage('x', { ackWithinMs: 5000, traceparent }));

    expect(text(frame)).toMatchObject({ ack: true, traceparent });
  });
});

it('welcome and goaway are frames of their own', () => {
  const welcome = { deviceId: 'd', traceId: 't', podId: 'p', registered: true, pingIntervalMs: 25_000 };
  const goaway = { reason: 'restarting', reconnectAfterMs: 7 };

  expect(text(envelope.welcome!(welcome))).toEqual({ type: 'welcome', ...welcome });
  expect(text(envelope.goaway!(goaway))).toEqual({ type: 'goaway', ...goaway });
});

describe('of a device in envelope mode', () => {
  it('a message is one with any data', () => {
    expect(hear('{"type":"message","data":null}')).toEqual({ type: 'message' });
  });

  it('an acknowledgement names the message', () => {
    expect(hear('{"type":"ack","id":"m-1"}')).toEqual({ type: 'ack', id: 'm-1' });
  });

  it.each([
    'hello',
    '',
    '{"type":"message"',
    'null',
    '7',
    '"ack"',
    '[]',
    '{}',
    '{"type":"message"}',
    '{"type":"ack"}',
    '{"type":"ack","id":7}',
    '{"type":"goaway"}',
    '{"type":"constructor"}',
  ])('%j is not understood', (said) => {
    expect(hear(said)).toBeUndefined();
  });

  it('a binary frame is not understood', () => {
    expect(envelope.hear(Buffer.from('{"type":"ack","id":"m-1"}'), true)).toBeUndefined();
  });
});
