import { createHash, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RawAnswer } from '../support/raw-client.ts';
import { handshake, RawClient, requestHead } from '../support/raw-client.ts';
import { clientFrame, opcodes } from '../support/rfc6455/frames.ts';
import { heardText, Peer, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

const path = '/connect?deviceId=lamp-1';
const key = 'dGhlIHNhbXBsZSBub25jZQ==';

/** What the pod answers to these bytes. */
async function answerTo(bytes: string): Promise<RawAnswer> {
  const client = await RawClient.connect(pod.pod.device);
  client.send(bytes);
  return await client.answer();
}

/** What the pod answers to the handshake of RFC 6455 §1.2 with other headers. */
function answerWith(headers: Record<string, string | undefined>): Promise<RawAnswer> {
  return answerTo(handshake(path, headers));
}

/** The handshake with these lines in place of the one of that name; more than one may be of the same name. */
function withLines(name: string, lines: readonly string[]): string {
  const whole = handshake(path, { [name]: undefined });
  return whole.replace('\r\n\r\n', `\r\n${lines.map((line) => `${name}: ${line}\r\n`).join('')}\r\n`);
}

function acceptOf(clientKey: string): string {
  return createHash('sha1').update(`${clientKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

describe('Sec-WebSocket-Accept (RFC 6455 §4.2.2)', () => {
  it('is that of the example for the key of the example', async () => {
    const { status, headers } = await answerWith({});

    expect(status).toBe(101);
    expect(headers['sec-websocket-accept']).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  });

  it.each([
    ['zeros', Buffer.alloc(16)],
    ['ones', Buffer.alloc(16, 0xff)],
    ['chance', randomBytes(16)],
  ])('is worked out of a key of %s', async (_, bytes) => {
    const clientKey = bytes.toString('base64');
    const { headers } = await answerWith({ 'Sec-WebSocket-Key': clientKey });

    expect(headers['sec-websocket-accept']).toBe(acceptOf(clientKey));
  });
});

it('an upgrade is answered with 101, Upgrade and Connection, and nothing that was not asked for', async () => {
  const { status, headers, body } = await answerWith({});

  expect(status).toBe(101);
  expect(headers).toEqual({
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': acceptOf(key),
  });
  expect(body).toBe('');
});

describe('a version other than 13 is refused, and the answer names 13 (RFC 6455 §4.2.2, §4.4)', () => {
  it.each([undefined, '', '0', '1', '7', '12', '14', '99', '-13', '1e1', '13.5', 'abc', '13, 8', '13 13'])(
    '%s',
    async (version) => {
      const { status, headers } = await answerWith({ 'Sec-WebSocket-Version': version });

      expect([400, 426]).toContain(status);
      expect(headers['sec-websocket-version']).toBe('13');
    },
  );
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
    expect(await answerWith({ 'Sec-WebSocket-Key': value })).toMatchObject({ status: 400 });
  });
});

describe('the Upgrade header', () => {
  it.each(['websocket', 'WebSocket', 'WEBSOCKET', 'wEbSoCkEt', '  websocket  '])('may be "%s"', async (Upgrade) => {
    expect(await answerWith({ Upgrade })).toMatchObject({ status: 101 });
  });

  it.each([undefined, 'h2c', 'web socket', 'websockets', 'websocket/13', 'TLS/1.0'])(
    'may not be "%s"',
    async (Upgrade) => {
      const { status } = await answerWith({ Upgrade });

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
    expect(await answerWith({ Connection })).toMatchObject({ status: 101 });
  });

  it('may come in two lines', async () => {
    expect(await answerTo(withLines('Connection', ['keep-alive', 'Upgrade']))).toMatchObject({ status: 101 });
  });

  it.each([undefined, 'keep-alive', 'close', 'upgraded', 'not-upgrade'])('may not be "%s"', async (Connection) => {
    const { status } = await answerWith({ Connection });

    expect([400, 426]).toContain(status);
  });
});

describe('a request line', () => {
  const headers = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Version': '13',
  };
  const line = (first: string, extra: Record<string, string | undefined> = {}) =>
    requestHead('GET', path, { ...headers, ...extra }).replace(/^[^\r]+/, first);

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('with the method %s is refused', async (method) => {
    const { status } = await answerTo(line(`${method} ${path} HTTP/1.1`));

    expect([400, 405, 426]).toContain(status);
  });

  it.each([
    ['HTTP/1.0', `GET ${path} HTTP/1.0`],
    ['HTTP/0.9', `GET ${path} HTTP/0.9`],
    ['no version', `GET ${path}`],
    ['another protocol', `GET ${path} FTP/1.1`],
    ['a space in the path', `GET /connect?deviceId=lamp 1 HTTP/1.1`],
  ])('with %s is refused with 400', async (_, first) => {
    expect(await answerTo(line(first))).toMatchObject({ status: 400 });
  });

  it('with HTTP/2.0 is refused', async () => {
    const { status } = await answerTo(line(`GET ${path} HTTP/2.0`));

    expect([400, 505]).toContain(status);
  });

  it.each([
    ['http://pod', 'http://pod'],
    ['http://pod:8080', 'http://pod:8080'],
    ['HTTP://POD', 'HTTP://POD'],
  ])('in absolute form is as good as one with the path (RFC 9112 §3.2.2): %s', async (_, origin) => {
    expect(await answerTo(line(`GET ${origin}${path} HTTP/1.1`))).toMatchObject({ status: 101 });
  });

  it('in absolute form to another path is refused with 404', async () => {
    expect(await answerTo(line('GET http://pod/elsewhere?deviceId=lamp-1 HTTP/1.1'))).toMatchObject({ status: 404 });
  });

  it.each(['*', 'pod:8080', '/', '/connect/', '/connectx', '//connect?deviceId=lamp-1', '/CONNECT?deviceId=lamp-1'])(
    'to "%s" is refused',
    async (target) => {
      const { status } = await answerTo(line(`GET ${target} HTTP/1.1`));

      expect([400, 404]).toContain(status);
    },
  );

  it('without Host is refused with 400 (RFC 9112 §3.2)', async () => {
    expect(await answerTo(line(`GET ${path} HTTP/1.1`, { Host: undefined }))).toMatchObject({ status: 400 });
  });

  it('with two Hosts is refused with 400 (RFC 9112 §3.2)', async () => {
    expect(await answerTo(withLines('Host', ['pod', 'other']))).toMatchObject({ status: 400 });
  });
});

describe('a header that may come once and comes twice is refused with 400', () => {
  it.each([
    ['Sec-WebSocket-Key', [key, key]],
    ['Sec-WebSocket-Key', [key, 'AAAAAAAAAAAAAAAAAAAAAA==']],
    ['Sec-WebSocket-Version', ['13', '13']],
    ['Sec-WebSocket-Version', ['13', '8']],
  ])('%s: %j', async (name, lines) => {
    expect(await answerTo(withLines(name, lines))).toMatchObject({ status: 400 });
  });
});

describe('the subprotocol (RFC 6455 §4.2.2, §11.3.4)', () => {
  it.each([
    ['ws-connect.plain', 'ws-connect.plain'],
    ['ws-connect.v1', 'ws-connect.v1'],
    ['ws-connect.v1, ws-connect.plain', 'ws-connect.v1'],
    ['ws-connect.plain, ws-connect.v1', 'ws-connect.plain'],
    ['mqtt,ws-connect.plain', 'ws-connect.plain'],
    ['mqtt , soap , ws-connect.v1', 'ws-connect.v1'],
  ])('of "%s" is %s', async (offered, chosen) => {
    const { status, headers } = await answerWith({ 'Sec-WebSocket-Protocol': offered });

    expect(status).toBe(101);
    expect(headers['sec-websocket-protocol']).toBe(chosen);
  });

  it.each(['mqtt', 'mqtt, soap', 'WS-CONNECT.V1', 'ws-connect', 'ws-connect.v2', '__proto__', 'toString'])(
    'of "%s" is none, and the device is let in',
    async (offered) => {
      const { status, headers } = await answerWith({ 'Sec-WebSocket-Protocol': offered });

      expect(status).toBe(101);
      expect(headers).not.toHaveProperty('sec-websocket-protocol');
    },
  );

  it('is chosen from offers in several lines', async () => {
    const { headers } = await answerTo(withLines('Sec-WebSocket-Protocol', ['mqtt', 'ws-connect.v1']));

    expect(headers['sec-websocket-protocol']).toBe('ws-connect.v1');
  });

  it.each(['', ',', 'mqtt,', ',mqtt', 'mqtt,,soap', 'mqtt soap', 'mqtt, mqtt', '"mqtt"', 'm/qtt'])(
    'is refused with 400 when the offer is malformed: "%s"',
    async (offered) => {
      expect(await answerTo(withLines('Sec-WebSocket-Protocol', [offered]))).toMatchObject({ status: 400 });
    },
  );
});

describe('an extension is not accepted, and the device is let in without (RFC 6455 §9.1)', () => {
  it.each([
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits; server_no_context_takeover',
    'permessage-deflate, permessage-bzip2',
    'x-webkit-deflate-frame',
    'foo; bar="baz"',
  ])('%s', async (offered) => {
    const { status, headers } = await answerWith({ 'Sec-WebSocket-Extensions': offered });

    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
  });
});

describe('how the handshake is written does not matter', () => {
  it.each([
    ['names in lower case', (head: string) => head.replace(/^[\w-]+:/gm, (name) => name.toLowerCase())],
    ['names in upper case', (head: string) => head.replace(/^[\w-]+:/gm, (name) => name.toUpperCase())],
    ['no space after a colon', (head: string) => head.replace(/: /g, ':')],
    ['a tab before a value and spaces around it', (head: string) => head.replace(/: ([^\r]+)/g, ':\t  $1  ')],
    ['headers nobody knows', (head: string) => head.replace('\r\n', '\r\nX-One: 1\r\nCookie: a=b\r\nX-One: 2\r\n')],
    ['an empty line before', (head: string) => `\r\n${head}`],
  ])('%s', async (_, change) => {
    expect(await answerTo(change(handshake(path)))).toMatchObject({ status: 101 });
  });

  it('and it may come one byte a segment', async () => {
    const client = await RawClient.connect(pod.pod.device);
    client.socket.setNoDelay(true);
    for (const byte of handshake(path)) {
      client.send(byte);
      await setImmediate();
    }

    expect(await client.answer()).toMatchObject({ status: 101 });
  });
});

describe('frames may follow the handshake at once', () => {
  it.each([
    ['whole', 0],
    ['cut within the last head', 3],
    ['cut within the last payload', 8],
  ])('%s', async (_, missing) => {
    const client = await RawClient.connect(pod.pod.device);
    const peer = new Peer(`eager-${missing}`, client, pod.heard);
    const frames = ['first', 'second'].map((payload) => clientFrame({ opcode: opcodes.text, payload }));
    const bytes = Buffer.concat([Buffer.from(handshake(`/connect?deviceId=${peer.deviceId}`)), ...frames]);
    client.send(bytes.subarray(0, bytes.length - missing));
    await client.answer();

    const reaction = await peer.reaction(bytes.subarray(bytes.length - missing));

    expect(reaction).toEqual(heardText('first', 'second'));
  });
});
