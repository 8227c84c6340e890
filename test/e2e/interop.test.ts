import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';
import { startProcess } from '../support/process.ts';
import type { PodProcess } from '../support/process.ts';
import { connectNative } from '../support/interop/native.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

it.each([
  ['ASCII text', 'text/plain', 'hello'],
  ['text of every width with a NUL in it', 'text/plain; charset=utf-8', 'aé漢🙂\u0000\r\n'],
  ['JSON, untouched', 'application/json', '{ "on" :true,\t"n": 1.0 }\n'],
])('what curl posts as %s reaches a native WebSocket as the same text', async (_, type, text) => {
  const { device: address, callback } = await startProcess().ready();
  const device = await connectNative(`ws://${address}/connect?deviceId=lamp-1`);

  const status = await curl(`${callback}/callback/lamp-1`, type, Buffer.from(text));

  expect(status).toBe('200');
  expect(await device.received(1)).toEqual([{ text }]);
});

it.each([
  ['every byte there is', everyByte],
  ['the largest body', randomBytes(65_536)],
  ['an empty body', Buffer.alloc(0)],
])('what curl posts as %s reaches a native WebSocket as the same binary', async (_, body) => {
  const { device: address, callback } = await startProcess().ready();
  const device = await connectNative(`ws://${address}/connect?deviceId=lamp-1`);

  const status = await curl(`${callback}/callback/lamp-1`, 'application/octet-stream', body);

  expect(status).toBe('200');
  expect(await device.received(1)).toEqual([{ base64: body.toString('base64') }]);
});

it('the first of two native WebSockets with one id sees 4509, and the second goes on', async () => {
  const { device: address, callback } = await startProcess().ready();
  const first = await connectNative(`ws://${address}/connect?deviceId=lamp-1`);

  const second = await connectNative(`ws://${address}/connect?deviceId=lamp-1`);
  const close = await first.closed();
  const status = await curl(`${callback}/callback/lamp-1`, 'text/plain', Buffer.from('hello'));

  expect(close).toEqual({ code: 4509, reason: 'superseded' });
  expect(status).toBe('200');
  expect(await second.received(1)).toEqual([{ text: 'hello' }]);
  expect(await first.child.exited).toEqual({ code: 0, signal: null });
});

it.each(['127.0.0.1', '0.0.0.0', ''])('the hints of a pod with HOST=%s work when pasted into a shell', async (host) => {
  const pod = startProcess({ HOST: host, IDLE_AFTER_MS: '200', DRAIN_INTERVAL_MS: '100' }, ['--hints']);
  const device = paste(await hint(pod, 'node'));
  await device.wrote('connected', () => device.lines[0]);

  const push = paste(await hint(pod, 'curl'));
  const pushed = await push.exited;
  await device.wrote('hello', () => device.lines[1]);
  pod.signal('SIGTERM');
  const ended = await device.exited;

  expect(pushed).toEqual({ code: 0, signal: null });
  expect(JSON.parse(push.lines.join('\n'))).toMatchObject({ deviceId: 'lamp-1', outcome: 'delivered' });
  expect(ended).toEqual({ code: 0, signal: null });
  expect(device.lines).toEqual([
    'connected',
    'hello',
    expect.stringMatching(/^closed 1012 \{"reconnectAfterMs":\d+\}$/),
  ]);
  expect(await pod.exited).toEqual({ code: 0, signal: null });
});

/** The line among the hints that calls this program. */
function hint(pod: PodProcess, program: string): Promise<string> {
  const complete = () => pod.child.stderr.split('\n').slice(0, -1);
  return pod.child.wrote(`a hint with ${program}`, () => complete().find((line) => line.trim().startsWith(program)));
}

function paste(line: string): Child {
  return new Child('sh', ['-c', line]);
}

/** Posts with the real curl, and returns the status of the answer. */
async function curl(url: string, contentType: string, body: Buffer): Promise<string> {
  const quiet = ['--silent', '--show-error', '--output', '/dev/null', '--write-out', '%{http_code}\n'];
  const post = new Child('curl', [...quiet, '-H', `Content-Type: ${contentType}`, '--data-binary', '@-', url]);
  post.feed(body);
  const { code } = await post.exited;
  expect(post.stderr).toBe('');
  expect(code).toBe(0);
  return post.lines[0] ?? '';
}
