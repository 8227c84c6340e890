import { describe, expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { codeOf } from '../support/tokens.ts';

const listeners = ['device', 'callback', 'admin'] as const;

/** The first bytes of a TLS handshake (RFC 8446 §5.1). */
const clientHello = '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003';
const kilobytes = (count: number) => 'x'.repeat(count * 1000);

describe.each(listeners)('on the %s port', (listener) => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'bad-request'],
    ['TLS', clientHello, 400, 'bad-request'],
    ['a space in the query', requestHead('GET', '/connect?deviceId=lamp 1'), 400, 'bad-request'],
    ['17 kB of headers', requestHead('GET', '/', { Cookie: kilobytes(17) }), 431, 'headers-too-large'],
    ['headers without an end', `GET / HTTP/1.1\r\nCookie: ${kilobytes(400)}`, 431, 'headers-too-large'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: pod\r\nCookie\r\n\r\n', 400, 'bad-request'],
    ['no Host header', requestHead('GET', '/', { Host: undefined }), 400, 'bad-request'],
    ['an address that is none', requestHead('GET', 'http://['), 400, 'bad-request'],
  ])('%s is answered with a problem, and nothing is logged above debug', async (_what, bytes, status, code) => {
    const pod = await runPod();
    const client = await RawClient.connect(pod[listener]);

    client.send(Buffer.from(bytes, 'latin1'));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(client.error).toBeUndefined();
    const loud = pod.logs.filter(({ level }) => Number(level) >= 40);
    expect(loud).toEqual([]);
  });

  it('an expectation that is unknown is passed over (RFC 9110 §10.1.1)', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod[listener]);

    client.send(requestHead('GET', '/nothing', { Host: 'localhost', Expect: 'the worst' }));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([404, 'no-such-route']);
  });

  it('a whole address is as good as a path (RFC 9112 §3.2.2)', async () => {
    const pod = await runPod();
    const client = await RawClient.connect(pod[listener]);

    client.send(requestHead('GET', 'http://127.0.0.1/nothing?a=b'));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([404, 'no-such-route']);
  });
});

it('a callback to a whole address is delivered', async () => {
  const pod = await runPod();
  const device = await runDevice(pod);
  const client = await RawClient.connect(pod.callback);

  client.send(`${requestHead('POST', `${pod.callback}/callback/lamp-1?id=m-1`, { 'Content-Length': '2' })}on`);
  const { status } = await client.answer();

  expect(status).toBe(200);
  expect(await device.received(1)).toMatchObject([{ data: Buffer.from('on') }]);
});

it.each(['callback', 'admin'] as const)('what is no HTTP is logged on the %s port', async (listener) => {
  const pod = await runPod();
  const client = await RawClient.connect(pod[listener]);

  client.send(clientHello);

  expect(await pod.logged('not a valid HTTP request')).toMatchObject({ level: 20, code: 'bad-request' });
});

it('what is no HTTP is logged and counted on the device port', async () => {
  const pod = await runPod();
  const client = await RawClient.connect(pod.device);

  client.send(requestHead('GET', '/connect', { Cookie: kilobytes(17) }));
  await client.ended;

  expect(await pod.logged('connect refused')).toMatchObject({ level: 20, code: 'headers-too-large' });
  expect(await metric(pod.admin, 'ws_connect_connects_total{result="headers-too-large"}')).toBe(1);
});

it('a client that never ends its part is cut half a second after the answer', async () => {
  const pod = await runPod();
  const client = await RawClient.connect(pod.admin);

  client.send(clientHello);
  await client.ended;
  const noise = setInterval(() => client.send(kilobytes(1)), 10);
  await client.closed;
  clearInterval(noise);

  expect(client.error?.code).toMatch(/ECONNRESET|EPIPE/);
});
