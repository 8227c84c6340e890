import { describe, expect, it } from 'vitest';
import { requireMatch, requirePrecondition } from '../../src/callback/precondition.ts';
import type { Problem } from '../../src/http/problem.ts';
import { ask, push } from '../support/ask.ts';
import { RawClient, requestHead } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';

/** What is wrong with this `If-Match` for the connection `abc`; undefined: nothing. */
function codeFor(ifMatch: string | undefined): string | undefined {
  try {
    requirePrecondition({ 'if-match': ifMatch });
    requireMatch(ifMatch, 'abc');
    return undefined;
  } catch (error) {
    return (error as Problem).code;
  }
}

describe('an If-Match header (RFC 9110 §13.1.1)', () => {
  it.each([undefined, '*', '"abc"', '"x", "abc"', '"x","abc"', ', "abc"', '"abc" ,', '"a,b", "abc"', 'W/"abc", "abc"'])(
    'fits: %s',
    (ifMatch) => expect(codeFor(ifMatch)).toBeUndefined(),
  );

  it.each(['"x"', '""', 'W/"abc"', '"abc,", "ab"', '"\xe4"'])('names another connection: %s', (ifMatch) => {
    expect(codeFor(ifMatch)).toBe('other-connection');
  });

  it.each([
    '',
    ' ',
    ',',
    'abc',
    '"abc',
    'abc"',
    '*, "abc"',
    '"abc", *',
    '"abc" "x"',
    'w/"abc"',
    'W/abc',
    "'abc'",
    '"a b"',
  ])('is malformed: %j', (ifMatch) => expect(codeFor(ifMatch)).toBe('bad-precondition'));

  it('is read in a time that grows with it and no faster', () => {
    const startedAt = performance.now();

    for (const filler of [' ', ',', '"a",', '"', 'W/', '\t ,']) codeFor(`${filler.repeat(16_000 / filler.length)}x`);

    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe('a request with an empty If-Match', () => {
  it.each([
    ['callback', 'DELETE', '/connections/lamp-1', {}],
    ['callback', 'GET', '/connections/lamp-1', {}],
    ['callback', 'POST', '/callback/lamp-1', { 'Content-Length': '0' }],
    ['callback', 'POST', '/callback', { 'Content-Length': '0', 'Content-Type': 'application/x-ndjson' }],
    ['admin', 'DELETE', '/connections/lamp-1', { Host: 'localhost' }],
  ] as const)('on the %s port is a 400: %s %s', async (port, method, path, headers) => {
    const pod = await runPod();
    const device = await runDevice(pod);
    const client = await RawClient.connect(pod[port]);

    client.send(requestHead(method, path, { ...headers }).replace(/\r\n$/, 'If-Match:\r\n\r\n'));
    const { status, body } = await client.answer();
    await push(pod.callback, 'lamp-1', 'next');

    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ code: 'bad-precondition' });
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('next') }]);
    expect((await ask(pod.callback, '/connections/lamp-1')).status).toBe(200);
  });
});
