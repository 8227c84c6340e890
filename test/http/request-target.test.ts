import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkTarget } from '../../src/http/request-target.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runPod } from '../support/running.ts';

/** What becomes of this target: the url and the host that are left, or the code of the refusal. */
function read(url: string, host: string | undefined = 'pod', httpVersion = '1.1') {
  const rawHeaders = host === undefined ? [] : ['Host', host];
  const request = { url, headers: { host }, rawHeaders, httpVersion } as IncomingMessage;
  const problem = checkTarget(request);
  return problem?.code ?? [request.url, request.headers.host];
}

describe('the target of a request', () => {
  it.each([
    ['/', '/', 'pod'],
    ['/connect?deviceId=a', '/connect?deviceId=a', 'pod'],
    ['//a@b/c', '//a@b/c', 'pod'],
    ['*', '*', 'pod'],
    ['http://other:8081/connect?a=http://b', '/connect?a=http://b', 'other:8081'],
    ['HTTPS://[fd00::7]:8081', '/', '[fd00::7]:8081'],
    ['http://other?a=b', '/?a=b', 'other'],
  ])('%s is %s at %s', (target, url, host) => {
    expect(read(target)).toEqual([url, host]);
  });

  it.each([
    '',
    'http://',
    'http:///path',
    'http://[',
    'http://a b/',
    'http://user:password@other/',
    'http://other:port/',
    'http://other/a#b',
    'ftp://other/',
    'other:8081',
    '/a#b',
    '//a@[#',
    '//%@a#',
    '/a\tb',
    '/a\u00a0b',
  ])('%j is refused', (target) => {
    expect(read(target)).toBe('bad-request');
  });

  it('needs a Host header by HTTP/1.1, also as a whole address, and none by HTTP/1.0', () => {
    const withoutHost = (url: string, version: string) => {
      const request = { url, headers: {}, rawHeaders: [] as string[], httpVersion: version } as IncomingMessage;
      return checkTarget(request)?.code;
    };

    expect(withoutHost('/livez', '1.1')).toBe('bad-request');
    expect(withoutHost('http://pod/livez', '1.1')).toBe('bad-request');
    expect(withoutHost('/livez', '1.0')).toBeUndefined();
  });
});

/** Pieces of addresses that parsers disagree about. */
const pieces = fc.constantFrom(
  ...'/ // \\ [ ] @ : # ? & = ; , % %00 %2F %E0%A4%A .. * { } " < http:// ftp:// user: pod ::1 :99999 __proto__'.split(
    ' ',
  ),
  ...'/callback /callback/lamp-1 /connections /connections/ /machines/ /page/ /pods /connect'.split(' '),
  ...'?ack=1 ?limit= ?device= ?deviceId= ?id= ?reason= ?format='.split(' '),
  ...'\t \f \u00a0 \u00ff'.split(' '),
);
const targets = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
const values = fc.array(fc.oneof(pieces, fc.constantFrom('"', 'W/', ',', 'bearer ', '00-')), { maxLength: 4 });
const names = ['Host', 'Origin', 'Cookie', 'If-Match', 'If-None-Match', 'Traceparent', 'Authorization', 'Content-Type'];
const headers = fc.dictionary(
  fc.constantFrom(...names),
  values.map((parts) => parts.join('').replaceAll('\f', '')),
);
const methods = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PROPFIND');

it.each(['device', 'callback', 'admin'] as const)(
  'no request makes the %s port answer 500 or log an error',
  async (listener) => {
    const pod = await runPod({ DRAIN_DEADLINE_MS: '60000', TERMINATION_GRACE_MS: '90000' });
    const property = fc.asyncProperty(methods, targets, headers, async (method, target, more) => {
      const client = await RawClient.connect(pod[listener], () => {});
      const head = requestHead(method, target, { ...more, Connection: 'close', 'Content-Length': '0' });
      client.send(Buffer.from(head, 'latin1'));
      await client.ended;
      client.socket.destroy();
      const status = Number(client.received.toString('latin1').split(' ')[1]);
      expect(status).toBeGreaterThanOrEqual(200);
      expect(status).not.toBe(500);
      expect(pod.logs.filter(({ level }) => Number(level) >= 40)).toEqual([]);
    });

    const examples = ['http://[', '//a@[#', '//%@a#'].map((target): ['GET', string, Record<string, string>] => [
      'GET',
      target,
      {},
    ]);
    await fc.assert(property, { numRuns: 300, examples });
  },
);
