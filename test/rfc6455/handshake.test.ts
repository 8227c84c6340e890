import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { key, withLines } from '../support/rfc6455/handshakes.ts';
import { RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

function acceptOf(clientKey: string): string {
  return createHash('sha1').update(`${clientKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

describe('Sec-WebSocket-Accept (RFC 6455 §4.2.2)', () => {
  it('is that of the example for the key of the example', async () => {
    const { status, headers } = await pod.answerWith({});

    expect(status).toBe(101);
    expect(headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it.each([
    ['zeros', Buffer.alloc(16)],
    ['ones', Buffer.alloc(16, 0xff)],
    ['chance', randomBytes(16)],
  ])('is worked out of a key of %s', async (_, bytes) => {
    const clientKey = bytes.toString('base64');
    const { headers } = await pod.answerWith({ 'Sec-WebSocket-Key': clientKey });

    expect(headers['sec-websocket-accept']).toBe(acceptOf(clientKey));
  });
});

it('an upgrade is answered with 101, Upgrade and Connection, and nothing that was not asked for', async () => {
  const { status, headers, body } = await pod.answerWith({});

  expect(status).toBe(101);
  expect(headers).toEqual({
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': acceptOf(key),
  });
  expect(body).toBe('');
});

describe('a version other than 13 is refused, and the answer names 13 (RFC 6455 §4.2.2, §4.4)', () => {
  it.each([
    undefined,
    '',
    '0',
    '1',
    '7',
    '8',
    '12',
    '14',
    '99',
    '-13',
    '1e1',
    '0xd',
    '013',
    '13.5',
    'abc',
    '13, 8',
    '13 13',
  ])('%s', async (version) => {
    const { status, headers } = await pod.answerWith({ 'Sec-WebSocket-Version': version });

    expect([400, 426]).toContain(status);
    expect(headers['sec-websocket-version']).toBe('13');
  });
});

describe('a key that is not 16 bytes in base64 is refused with 400 (RFC 6455 §4.2.1)', () => {
  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['15 bytes', Buffer.alloc(15).toString('base64')],
    ['17 bytes', Buffer.alloc(17).toString('base64')],
    ['32 bytes', Buffer.alloc(32).toString('base64')],
    ['16 bytes without padding', key.slice(0, -2)],
    ['the alphabet of base64url', '-_-_-_-_-_-_-_-_-_-_-_=='],
    ['a space within', 'dGhlIHNhbXBs SBub25jZQ=='],
    ['other characters', 'dGhlIHNhbXBsZSBub25j!!=='],
    ['two keys in one line', `${key}, ${key}`],
  ])('%s', async (_, value) => {
    expect(await pod.answerWith({ 'Sec-WebSocket-Key': value })).toMatchObject({ status: 400 });
  });
});

describe('the Upgrade header', () => {
  it.each(['websocket', 'WebSocket', 'WEBSOCKET', 'wEbSoCkEt', '  websocket  '])('may be "%s"', async (Upgrade) => {
    expect(await pod.answerWith({ Upgrade })).toMatchObject({ status: 101 });
  });

  it.each([undefined, 'h2c', 'web socket', 'websockets', 'websocket/13', 'TLS/1.0'])(
    'may not be "%s"',
    async (Upgrade) => {
      const { status } = await pod.answerWith({ Upgrade });

      expect([400, 426]).toContain(status);
    },
  );
});

describe('the Connection header', () => {
  it.each([
    'Upgrade',
    'upgrade',
    'UPGRADE',
    'keep-alive, Upgrade',
    'Upgrade, keep-alive',
    'keep-alive,upgrade',
    'foo , upgrade , bar',
  ])('may be "%s"', async (Connection) => {
    expect(await pod.answerWith({ Connection })).toMatchObject({ status: 101 });
  });

  it('may come in two lines', async () => {
    expect(await pod.answerTo(withLines('Connection', ['keep-alive', 'Upgrade']))).toMatchObject({ status: 101 });
  });

  it.each([undefined, 'keep-alive', 'close', 'upgraded', 'not-upgrade'])('may not be "%s"', async (Connection) => {
    const { status } = await pod.answerWith({ Connection });

    expect([400, 426]).toContain(status);
  });
});
