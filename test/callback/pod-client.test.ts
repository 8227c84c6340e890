import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { flood } from '../support/flood.ts';
import { fakeOwner, strangeOwner } from '../support/owners.ts';
import type { OwnerEntry } from '../support/owners.ts';

function runClient() {
  const client = new PodClient();
  onTestFinished(() => client.close());
  const get = ({ serverIp, port }: OwnerEntry, timeoutMs = 60_000, signal?: AbortSignal) => {
    const to = { address: serverIp, port, podId: undefined, method: 'GET', path: '/', headers: {}, body: undefined };
    return client.send({ ...to, timeoutMs, ...(signal && { signal }) });
  };
  return { client, get };
}

/** Begins with the head, and says the piece over and over, as fast as it is read. */
function forEver(head: string, piece: string): RequestListener {
  return ({ socket }) => {
    socket.write(head);
    flood(socket, piece);
  };
}

it('a request whose signal is aborted already is not sent', async () => {
  const { get } = runClient();
  const owner = await fakeOwner((_, response) => response.end());

  const sending = get(owner, undefined, AbortSignal.abort());

  await expect(sending).rejects.toMatchObject({ name: 'PodError', code: 'unsent' });
  await get(owner);
  expect(owner.requests).toHaveLength(1);
});

describe('an answer that is none, or has no end, is an error and ends the connection', () => {
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

  it.each<[string, RequestListener]>([
    ['another protocol', ({ socket }) => socket.write(upgrade)],
    ['101 without a protocol', ({ socket }) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nhello')],
    ['interim answers', forEver('', 'HTTP/1.1 102 Processing\r\n\r\n')],
    ['headers', forEver('HTTP/1.1 200 OK\r\n', 'X-More: more\r\n')],
    [
      'a redirect with a body',
      forEver('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000000000\r\n\r\n', 'x'),
    ],
    ['chunks', forEver('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n')],
  ])('%s', async (_what, answer) => {
    const { get } = runClient();
    const closes: Promise<unknown>[] = [];
    const owner = await strangeOwner((request, response) => {
      closes.push(new Promise((resolve) => request.socket.once('close', resolve)));
      answer(request, response);
    });

    await expect(get(owner)).rejects.toMatchObject({ name: 'PodError', code: 'broken' });
    await closes[0];
  });

  it('a byte now and then, when its time is over', async () => {
    const { get } = runClient();
    const owner = await strangeOwner((request, response) => {
      const timer = setInterval(() => response.write('x'), 10);
      request.socket.once('close', () => clearInterval(timer));
    });

    await expect(get(owner, 200)).rejects.toMatchObject({ name: 'PodError', code: 'timed-out' });
  });
});

it('a few interim answers are passed over (RFC 9110 §15.2)', async () => {
  const { get } = runClient();
  const owner = await fakeOwner((_, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</x>; rel=preload' });
    response.end('x');
  });

  expect(await get(owner)).toMatchObject({ status: 200, body: Buffer.from('x') });
});
