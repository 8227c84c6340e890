import { once } from 'node:events';
import type { Socket } from 'node:net';
import { pause } from '../within.ts';
import type { Attack } from './attack.ts';
import { countAnswers, dial, dialDevice, flood, gone } from './sockets.ts';
import { BufferedCounter } from './tally.ts';

const deviceId = 'lazy-1';

/** Requests that go down one connection without waiting for answers. */
function pipelined(request: string, count: number): { bytes: Buffer; times: number } {
  const perWrite = 1000;
  return { bytes: Buffer.from(request.repeat(perWrite)), times: Math.ceil(count / perWrite) };
}

/** `count` sockets that do this, until they are gone or the signal comes. */
async function onSockets(
  { port, count, signal }: { port: number; count: number; signal: AbortSignal },
  attack: (socket: Socket) => Promise<void>,
): Promise<void> {
  const run = async () => {
    const socket = await dial(port, signal);
    if (!socket) return;
    await attack(socket);
    await gone(socket);
  };
  await Promise.all(Array.from({ length: count }, run));
}

/** Sends large callbacks to the device that reads nothing until one has to wait: the kernel takes no more. */
async function fill(port: number, signal: AbortSignal): Promise<void> {
  const waitsMs = 500;
  const size = 60_000;
  const request = `POST /callback/${deviceId} HTTP/1.1\r\nHost: pod\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
  const socket = await dial(port, signal);
  let isTaken = socket !== undefined;
  while (isTaken && !signal.aborted) {
    const answer = once(socket!, 'data').then(
      () => true,
      () => false,
    );
    socket!.write(request);
    isTaken = await Promise.race([answer, pause(waitsMs).then(() => false)]);
  }
}

const chunks: Attack = {
  title: '60 bodies of 65,535 chunks of 1 byte that never end, 256 MB of heap',
  nodeArgs: ['--max-old-space-size=256'],
  prepare: () => ({
    async run({ callbackPort: port }, signal) {
      const tally = new BufferedCounter();
      const head = `POST /callback/${deviceId} HTTP/1.1\r\nHost: pod\r\nTransfer-Encoding: chunked\r\n\r\n`;
      const chunk = Buffer.from('1\r\nx\r\n'.repeat(13_107));
      await onSockets({ port, count: 60, signal }, async (socket) => {
        countAnswers(socket, tally);
        socket.write(head);
        await flood(socket, chunk, 5);
        if (!socket.destroyed) tally.add('sent whole');
      });
      return String(tally);
    },
  }),
};

const pipelinedAcks: Attack = {
  title: '1 connection pipelines 100,000 callbacks with ?ack=1 to a device that acknowledges none',
  prepare: () => ({
    async run({ devicePort, callbackPort: port }, signal) {
      const headers = { 'Sec-WebSocket-Protocol': 'ws-connect.v1' };
      const device = await dialDevice(devicePort, deviceId, { signal, headers });
      device?.resume();
      const tally = new BufferedCounter();
      const request = `POST /callback/${deviceId}?ack=1 HTTP/1.1\r\nHost: pod\r\nContent-Length: 1\r\n\r\nx`;
      const { bytes, times } = pipelined(request, 100_000);
      await onSockets({ port, count: 1, signal }, async (socket) => {
        countAnswers(socket, tally);
        await flood(socket, bytes, times);
      });
      return String(tally);
    },
  }),
};

const oneBytePosts: Attack = {
  title: '8 connections pipeline 200,000 callbacks of 1 byte to a device that reads nothing',
  prepare: () => ({
    async run({ devicePort, callbackPort: port }, signal) {
      const device = await dialDevice(devicePort, deviceId, { signal });
      device?.pause();
      await fill(port, signal);
      const tally = new BufferedCounter();
      const request = `POST /callback/${deviceId} HTTP/1.1\r\nHost: pod\r\nContent-Length: 1\r\n\r\nx`;
      const { bytes, times } = pipelined(request, 200_000 / 8);
      await onSockets({ port, count: 8, signal }, async (socket) => {
        countAnswers(socket, tally);
        await flood(socket, bytes, times);
      });
      return String(tally);
    },
  }),
};

const unreadAnswers: Attack = {
  title: '64 KB of GET /connections?limit=1000 with 1,000 devices, whose answers nobody reads',
  prepare: () => ({
    async run({ devicePort, adminPort }, signal) {
      const ids = Array.from({ length: 1000 }, (_, index) => `many-${index}`);
      const devices = await Promise.all(ids.map((id) => dialDevice(devicePort, id, { signal })));
      devices.forEach((device) => device?.resume());
      const request = 'GET /connections?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
      let sent = 0;
      await onSockets({ port: adminPort!, count: 1, signal }, async (socket) => {
        socket.pause();
        await flood(socket, Buffer.from(request.repeat(Math.floor(65_536 / request.length))), 1);
        sent = socket.bytesWritten;
      });
      return `${devices.filter(Boolean).length} devices; sent ${sent.toLocaleString('en')} bytes of requests`;
    },
  }),
};

const none: Attack = {
  title: 'nobody attacks: what the machine adds by itself',
  prepare: () => ({ run: async () => 'none' }),
};

export const requestAttacks = {
  none,
  chunks,
  'pipelined-acks': pipelinedAcks,
  'one-byte-posts': oneBytePosts,
  'unread-answers': unreadAnswers,
};
