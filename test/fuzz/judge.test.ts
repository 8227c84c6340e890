import { describe, expect, it } from 'vitest';
import type { FuzzCase } from './fuzz-case.ts';
import { judge } from './judge.ts';

const fuzzCase: FuzzCase = { number: 1, target: 'callback', kind: 'request', steps: [{ send: Buffer.from('GET / ') }] };

function answer(status: number, body: string, type = 'application/problem+json'): string {
  return `HTTP/1.1 ${status} Words\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const problem = (status: number, code = 'bad-query') => answer(status, JSON.stringify({ status, code }));
const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function verdict(text: string, { isWhole = true, sent = 'GET / ' } = {}): string | undefined {
  const input = { ...fuzzCase, steps: [{ send: Buffer.from(sent) }] };
  return judge(input, { received: Buffer.from(text, 'latin1'), isWhole });
}

describe('nothing is wrong with', () => {
  it.each([
    ['no answer', ''],
    ['an answer', answer(200, '{}', 'application/json')],
    ['a problem', problem(400)],
    ['several answers', problem(400) + answer(200, '{}') + problem(503)],
    ['an answer in chunks', `${chunked}3\r\nabc\r\n0\r\n\r\n${problem(404)}`],
    ['chunks that are cut off, which the reader can tell', `${chunked}3\r\nab`],
    ['frames of a server', `${upgraded}\x81\x02hi\x8a\x00\x88\x02\x03\xe8`],
    ['a frame that is still under way', `${upgraded}\x81\x05hi`],
  ])('%s', (_, text) => {
    expect(verdict(text)).toBeUndefined();
  });

  it('half an answer, when this side has left', () => {
    expect(verdict(problem(400).slice(0, -5), { isWhole: false })).toBeUndefined();
  });

  it('an answer to HEAD without its body', () => {
    expect(verdict('HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n', { sent: 'HEAD / ' })).toBeUndefined();
  });
});

describe('something is wrong with', () => {
  it.each([
    ['500', problem(500, 'internal-error'), 'an internal error was answered'],
    ['500 of another kind', answer(500, 'oops', 'text/plain'), '500 was answered'],
    ['a line of a batch that failed', answer(200, '{"status":500,"code":"internal-error"}'), 'an internal error'],
    ['what is no HTTP', 'hello\r\n\r\n', 'this is no status line'],
    ['a broken header', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n', 'this is no header'],
    ['a bare 400', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', '400 is no problem+json'],
    ['a problem of another status', answer(400, '{"status":404,"code":"bad-query"}'), '400 comes with another problem'],
    ['a problem that is no JSON', answer(400, '{'), '400 comes with another problem'],
    [
      'a bad answer after a good one',
      `${problem(400)}HTTP/1.1 431 X\r\nContent-Length: 0\r\n\r\n`,
      '431 is no problem+json',
    ],
    ['an answer that is cut off', problem(400).slice(0, -5), 'the answer is cut off'],
    ['half a head', 'HTTP/1.1 400 Bad', 'the answer has no whole head'],
    ['a masked frame', `${upgraded}\x81\x82abcdhi`, 'this is no frame of a server'],
    ['a reserved bit', `${upgraded}\xc1\x02hi`, 'this is no frame of a server'],
    ['a fragment', `${upgraded}\x01\x02hi`, 'this is no frame of a server'],
    ['a code that no frame may have', `${upgraded}\x88\x02\x03\xed`, 'the pod closed with 1005'],
    ['a frame after a close frame', `${upgraded}\x88\x02\x03\xe8\x81\x02hi`, 'something came after a close frame'],
  ])('%s', (_, text, what) => {
    expect(verdict(text)).toContain(what);
  });
});
