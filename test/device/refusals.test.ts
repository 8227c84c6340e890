import { describe, expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { handshake, RawClient, requestHead } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';

/** What the pod says to this request, and all that came after the answer. */
async function knock(request: string) {
  const pod = await runPod();
  const client = await RawClient.connect(pod.device);
  client.send(request);
  const { status, headers, body } = await client.answer();
  await client.ended;
  const json: unknown = headers['content-type']?.includes('json') ? JSON.parse(body) : undefined;
  return { status, headers, json, rest: client.received.toString() };
}

/** What a refusal looks like. */
const problem = (status: number, code: string) => ({
  status,
  headers: { 'content-type': 'application/problem+json', connection: expect.stringContaining('close') },
  json: { type: 'about:blank', title: expect.any(String), status, code, detail: expect.any(String) },
  rest: '',
});

describe('refused before any upgrade, as a problem', () => {
  it.each([
    ['a plain GET of another path', requestHead('GET', '/')],
    ['a POST to another path', requestHead('POST', '/callback/lamp-1', { 'Content-Length': '0' })],
    ['an upgrade at another path', handshake('/ws?deviceId=lamp-1')],
    ['an upgrade below the path', handshake('/connect/?deviceId=lamp-1')],
    ['a whole address with another path', handshake('http://pod/?deviceId=lamp-1')],
    ['a route of the admin side', requestHead('GET', '/pre-stop')],
  ])('404: %s', async (_what, request) => {
    const answer = await knock(request);

    expect(answer).toMatchObject(problem(404, 'no-such-route'));
  });

  it.each([
    ['a GET that asks for no upgrade', requestHead('GET', '/connect?deviceId=lamp-1')],
    ['a POST', requestHead('POST', '/connect?deviceId=lamp-1', { 'Content-Length': '0' })],
    ['an upgrade to HTTP/2', handshake('/connect?deviceId=lamp-1', { Upgrade: 'h2c' })],
    ['an Upgrade header that Connection does not name', handshake('/connect?deviceId=lamp-1', { Connection: 'close' })],
    ['an Upgrade header alone', handshake('/connect?deviceId=lamp-1', { Connection: undefined })],
  ])('426: %s', async (_what, request) => {
    const answer = await knock(request);

    expect(answer).toMatchObject(problem(426, 'upgrade-required'));
    expect(answer.headers['upgrade']).toBe('websocket');
  });

  it.each([
    ['no query', '/connect'],
    ['no deviceId', '/connect?device=lamp-1'],
    ['an empty one', '/connect?deviceId='],
    ['129 characters', `/connect?deviceId=${'x'.repeat(129)}`],
    ['a path upwards', '/connect?deviceId=../lamp'],
    ['a slash', '/connect?deviceId=a%2Fb'],
    ['a NUL', '/connect?deviceId=lamp%00'],
    ['braces', '/connect?deviceId={lamp}'],
    ['a dot', '/connect?deviceId=.'],
    ['two dots', '/connect?deviceId=..'],
    ['two dots in disguise', '/connect?deviceId=%2e%2E'],
    ['a space', '/connect?deviceId=lamp+1'],
    ['a line feed at the end', '/connect?deviceId=lamp-1%0A'],
    ['a letter beyond ASCII', '/connect?deviceId=l%C3%A4mp'],
    ['broken percent encoding', '/connect?deviceId=%E0%A4%A'],
    ['the same parameter twice', '/connect?deviceId=lamp-1&deviceId=lamp-1'],
    ['two parameters, one in disguise', '/connect?deviceId=lamp-1&device%49d=lamp-2'],
  ])('400: a deviceId that is no id: %s', async (_what, path) => {
    const answer = await knock(handshake(path));

    expect(answer).toMatchObject(problem(400, 'bad-device-id'));
  });

  it.each([
    ['no key', { 'Sec-WebSocket-Key': undefined }],
    ['a key that is none', { 'Sec-WebSocket-Key': 'short' }],
    ['no version', { 'Sec-WebSocket-Version': undefined }],
    ['a version that is not spoken', { 'Sec-WebSocket-Version': '99' }],
    ['a broken list of subprotocols', { 'Sec-WebSocket-Protocol': 'a,,b' }],
  ])('400: a handshake with %s', async (_what, headers) => {
    const answer = await knock(handshake('/connect?deviceId=lamp-1', headers));

    expect(answer).toMatchObject(problem(400, 'bad-handshake'));
  });

  it('400: an upgrade by HTTP/1.0, which has none', async () => {
    const answer = await knock(handshake('/connect?deviceId=lamp-1').replace('HTTP/1.1', 'HTTP/1.0'));

    expect(answer).toMatchObject(problem(400, 'bad-handshake'));
  });

  it.each([
    ['without a Host header', handshake('/connect?deviceId=lamp-1', { Host: undefined })],
    ['without a Host header and without an upgrade', requestHead('GET', '/connect', { Host: undefined })],
    ['at an address that is none', handshake('http://[/connect?deviceId=lamp-1')],
    ['at an address with a password', handshake('http://user:S3cret@pod/connect?deviceId=lamp-1')],
    ['at an address of another scheme', handshake('ftp://pod/connect?deviceId=lamp-1')],
  ])('400: a request %s', async (_what, request) => {
    const answer = await knock(request);

    expect(answer).toMatchObject(problem(400, 'bad-request'));
  });

  it('400: an upgrade by POST', async () => {
    const answer = await knock(handshake('/connect?deviceId=lamp-1').replace('GET', 'POST'));

    expect(answer).toMatchObject(problem(400, 'bad-handshake'));
  });
});

it('a version that is not spoken is told the one that is (RFC 6455 §4.4)', async () => {
  const answer = await knock(handshake('/connect?deviceId=lamp-1', { 'Sec-WebSocket-Version': '99' }));

  expect(answer.headers).toMatchObject({ 'sec-websocket-version': expect.stringContaining('13') });
});

it('a refusal is counted by its code', async () => {
  const pod = await runPod();
  const client = await RawClient.connect(pod.device);
  client.send(handshake('/connect?deviceId=..'));
  await client.answer();

  const count = await metric(pod.admin, 'ws_connect_connects_total{result="bad-device-id"}');

  expect(count).toBe(1);
});

it('a refusal is logged on one line whatever the URL holds', async () => {
  const pod = await runPod();
  const client = await RawClient.connect(pod.device);
  const url = '/connect?deviceId="}\\n{%0A%1b[31m\\u0000';
  client.send(handshake(url));
  await client.answer();

  const line = await pod.logged('connect refused');

  expect(line).toMatchObject({ code: 'bad-device-id', url: expect.stringContaining('"}\\n{%0A%1b[31m') });
});
