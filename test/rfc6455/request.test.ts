import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { handshake, RawClient, requestHead } from '../support/raw-client.ts';
import { clientFrame, opcodes } from '../support/rfc6455/frames.ts';
import { key, path, withLines } from '../support/rfc6455/handshakes.ts';
import { heardText, Peer, RfcPod } from '../support/rfc6455/peer.ts';

const pod = new RfcPod();

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
    const { status } = await pod.answerTo(line(`${method} ${path} HTTP/1.1`));

    expect([400, 405, 426]).toContain(status);
  });

  it.each([
    ['HTTP/1.0', `GET ${path} HTTP/1.0`],
    ['HTTP/0.9', `GET ${path} HTTP/0.9`],
    ['no version', `GET ${path}`],
    ['another protocol', `GET ${path} FTP/1.1`],
    ['a space in the path', `GET /connect?deviceId=lamp 1 HTTP/1.1`],
  ])('with %s is refused with 400', async (_, first) => {
    expect(await pod.answerTo(line(first))).toMatchObject({ status: 400 });
  });

  it('with HTTP/2.0 is refused', async () => {
    const { status } = await pod.answerTo(line(`GET ${path} HTTP/2.0`));

    expect([400, 505]).toContain(status);
  });

  it.each([
    ['http://pod', 'http://pod'],
    ['http://pod:8080', 'http://pod:8080'],
    ['HTTP://POD', 'HTTP://POD'],
  ])('in absolute form is as good as one with the path (RFC 9112 §3.2.2): %s', async (_, origin) => {
    expect(await pod.answerTo(line(`GET ${origin}${path} HTTP/1.1`))).toMatchObject({ status: 101 });
  });

  it('in absolute form to another path is refused with 404', async () => {
    expect(await pod.answerTo(line('GET http://pod/elsewhere?deviceId=lamp-1 HTTP/1.1'))).toMatchObject({
      status: 404,
    });
  });

  it.each(['*', 'pod:8080', '/', '/connect/', '/connectx', '//connect?deviceId=lamp-1', '/CONNECT?deviceId=lamp-1'])(
    'to "%s" is refused',
    async (target) => {
      const { status } = await pod.answerTo(line(`GET ${target} HTTP/1.1`));

      expect([400, 404]).toContain(status);
    },
  );

  it('without Host is refused with 400 (RFC 9112 §3.2)', async () => {
    expect(await pod.answerTo(line(`GET ${path} HTTP/1.1`, { Host: undefined }))).toMatchObject({ status: 400 });
  });

  it('with two Hosts is refused with 400 (RFC 9112 §3.2)', async () => {
    expect(await pod.answerTo(withLines('Host', ['pod', 'other']))).toMatchObject({ status: 400 });
  });
});

describe('a header that may come once and comes twice is refused with 400', () => {
  it.each([
    ['Sec-WebSocket-Key', [key, key]],
    ['Sec-WebSocket-Key', [key, 'AAAAAAAAAAAAAAAAAAAAAA==']],
    ['Sec-WebSocket-Version', ['13', '13']],
    ['Sec-WebSocket-Version', ['13', '8']],
  ])('%s: %j', async (name, lines) => {
    expect(await pod.answerTo(withLines(name, lines))).toMatchObject({ status: 400 });
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
    expect(await pod.answerTo(change(handshake(path)))).toMatchObject({ status: 101 });
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
