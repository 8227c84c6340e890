import { describe, expect, it } from 'vitest';
import type { Body, SendOptions } from '../../../packages/callback-client/src/message.ts';
import { createMessage, lineOf, pathOf } from '../../../packages/callback-client/src/message.ts';

describe('a body', () => {
  it.each<[string, Body, string, string]>([
    ['a string', 'ä€😀', 'text/plain; charset=utf-8', 'ä€😀'],
    ['an object', { on: true }, 'application/json', '{"on":true}'],
    ['null', null, 'application/json', 'null'],
    ['a number', 7, 'application/json', '7'],
    ['bytes', new Uint8Array([104, 105]), 'application/octet-stream', 'hi'],
    ['part of a buffer', Buffer.from('xhix').subarray(1, 3), 'application/octet-stream', 'hi'],
  ])('that is %s has its type', (_what, body, contentType, text) => {
    const message = createMessage('lamp-1', body, {});

    expect(message.contentType).toBe(contentType);
    expect(message.body.toString()).toBe(text);
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => {}],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['other numbers than bytes', new Uint16Array(1)],
    ['a bigint', 1n],
  ])('that is %s is a TypeError', (_what, body) => {
    expect(() => createMessage('lamp-1', body as Body, {})).toThrow(TypeError);
  });
});

it.each<[string, SendOptions, string]>([
  ['nothing', {}, '/callback/lamp-1'],
  ['an id', { id: 'order:7' }, '/callback/lamp-1?id=order:7'],
  ['an id and an ack', { id: 'a', ack: true }, '/callback/lamp-1?id=a&ack=1&timeoutMs=5000'],
  ['an ack alone', { ack: true, timeoutMs: 700 }, '/callback/lamp-1?id=DRAWN&ack=1&timeoutMs=700'],
  ['idempotent alone', { idempotent: true }, '/callback/lamp-1?id=DRAWN'],
  [
    'more time than there is left',
    { id: 'a', ack: true, timeoutMs: 9000 },
    '/callback/lamp-1?id=a&ack=1&timeoutMs=8000',
  ],
])('the path of a message with %s says so', (_what, options, path) => {
  expect(pathOf(createMessage('lamp-1', 'x', options), 8000.7).replace(/[\w-]{36}/, 'DRAWN')).toBe(path);
});

it.each<[SendOptions, boolean]>([
  [{}, false],
  [{ ack: true }, false],
  [{ id: 'a' }, true],
  [{ id: 'a', idempotent: false }, false],
  [{ idempotent: true }, true],
])('a message with %j is idempotent: %s', (options, isIdempotent) => {
  expect(createMessage('lamp-1', 'x', options).isIdempotent).toBe(isIdempotent);
});

it.each<[string, Body, string | undefined, object]>([
  ['text', 'ä', undefined, { contentType: 'text/plain; charset=utf-8', data: 'ä' }],
  ['JSON', { a: 1 }, undefined, { contentType: 'application/json', data: '{"a":1}' }],
  ['bytes', Buffer.from([0, 255]), undefined, { contentType: 'application/octet-stream', base64: 'AP8=' }],
  ['bytes that are text', Buffer.from('ä'), 'text/csv', { contentType: 'text/csv', data: 'ä' }],
  ['text that is not UTF-8', Buffer.from([255]), 'text/csv', { contentType: 'text/csv', base64: '/w==' }],
])('the line of %s is one JSON object', (_what, body, contentType, content) => {
  const line = lineOf(createMessage('lamp-1', body, { id: 'a', ...(contentType && { contentType }) }));

  expect(line.endsWith('}\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({ deviceId: 'lamp-1', id: 'a', ...content });
});

it.each(['"', '\n', '\u001b', '\0', 'a"'])('the line of 65,536 bytes of %j is one that a pod takes', (text) => {
  const body = text.repeat(65_536 / text.length);

  const line = lineOf(createMessage('d'.repeat(128), body, { id: 'i'.repeat(128) }));

  const { data, base64 } = JSON.parse(line) as { data?: string; base64?: string };
  expect(line.length).toBeLessThan(2 * 65_536);
  expect(data ?? Buffer.from(base64!, 'base64').toString()).toBe(body);
});

describe('a mistake of the programmer throws', () => {
  it.each<[string, string, SendOptions, string]>([
    ['a bad deviceId', 'lamp/1', {}, 'a deviceId must be 1 to 128'],
    ['no deviceId', undefined as unknown as string, {}, 'a deviceId must be 1 to 128'],
    ['a bad id', 'lamp-1', { id: 'a b' }, 'an id must be 1 to 128'],
    ['a type that is no header', 'lamp-1', { contentType: 'text/plain\r\nX: y' }, 'Content-Type'],
    ['a traceparent that is none', 'lamp-1', { traceparent: '\n' }, 'traceparent'],
    ['an ifMatch with quotes', 'lamp-1', { ifMatch: `"${'0'.repeat(32)}"` }, 'ifMatch must be a traceId'],
    ['a timeout above the limit', 'lamp-1', { ack: true, timeoutMs: 30_001 }, 'timeoutMs must be a whole number'],
    ['a timeout of nothing', 'lamp-1', { ack: true, timeoutMs: 0 }, 'timeoutMs must be a whole number'],
    [
      'a timeout that is text',
      'lamp-1',
      { ack: true, timeoutMs: '5' as unknown as number },
      'timeoutMs must be a number',
    ],
  ])('%s', (_what, deviceId, options, message) => {
    expect(() => createMessage(deviceId, 'x', options)).toThrow(message);
  });
});
