/** What attackers do with TCP sockets. An error of a socket is never thrown: the pod may cut whom it likes. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { FrameReader, opcodes } from '../load/frames.ts';
import { setImmediate } from 'node:timers/promises';
import { pause } from '../within.ts';
import type { BufferedCounter } from './tally.ts';

/** Undefined: nobody listens there any more. The socket is destroyed with the signal. */
export async function dial(port: number, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.on('error', () => {}); // 'close' follows
  const destroy = () => void socket.destroy();
  signal.addEventListener('abort', destroy);
  if (signal.aborted) destroy();
  socket.once('close', () => signal.removeEventListener('abort', destroy));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return socket.destroyed ? undefined : socket;
}

/** Writes this again and again, as fast as the socket takes it, `times` or until the socket is gone. */
export async function flood(socket: Socket, bytes: Buffer, times = Infinity): Promise<void> {
  for (let written = 0; written < times && !socket.destroyed; written += 1) {
    const taken = socket.write(bytes);
    if (taken) await setImmediate(); // the other sockets have their turn, too
    else if (!socket.destroyed) await drained(socket);
  }
}

/** Resolves when the socket takes more, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.once('drain', settle).once('close', settle);
  });
}

/** Resolves when the socket is gone. */
export async function gone(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close').catch(() => {});
}

/** Counts the statuses of the answers that come. */
export function countAnswers(socket: Socket, tally: BufferedCounter): void {
  let rest = '';
  socket.on('data', (chunk) => {
    const text = rest + chunk.toString('latin1');
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) tally.add(status!);
    rest = text.slice(Math.max(text.length - 12, text.lastIndexOf('HTTP/1.1 ') + 9)); // a status line that is cut
  });
}

export function handshake(deviceId: string, headers: Record<string, string> = {}): string {
  const lines = [
    `GET /connect?deviceId=${deviceId} HTTP/1.1`,
    'Host: pod',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A device that is let in, and reads nothing for now; undefined when it is not let in. */
export async function dialDevice(
  port: number,
  deviceId: string,
  { signal, headers }: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<Socket | undefined> {
  const socket = await dial(port, signal);
  socket?.write(handshake(deviceId, headers));
  if (!socket) return undefined;
  const answer = await Promise.race([once(socket, 'data').then(String, String), gone(socket).then(() => '')]);
  socket.pause();
  if (answer.startsWith('HTTP/1.1 101 ')) return socket;
  socket.destroy();
  return undefined;
}

export interface BadDevices {
  count: number;
  /** Sent once after the handshake. */
  first?: Buffer;
  /** Sent again and again: whole frames. */
  bytes: Buffer;
  tally: BufferedCounter;
}

/** So many devices that send this as fast as they can. One that is closed is counted by its close code, and dials again. */
export async function floodAsDevices(port: number, options: BadDevices, signal: AbortSignal): Promise<number> {
  const { count, first, bytes, tally } = options;
  let sent = 0;
  const run = async (index: number) => {
    for (let life = 0; !signal.aborted; life += 1) {
      const socket = await dialDevice(port, `bad-${index}-${life}`, { signal });
      if (!socket) {
        if (!signal.aborted) tally.add('refused');
        await pause(100);
        continue;
      }
      const code = closeCode(socket);
      if (first) socket.write(first);
      await flood(socket, bytes);
      sent += socket.bytesWritten;
      if (!signal.aborted) tally.add(`closed with ${await code}`);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, index) => run(index)));
  return sent;
}

/** Resolves once the socket is gone, with the code of the close frame that came before, or `no code`. */
async function closeCode(socket: Socket): Promise<string> {
  const frames = new FrameReader();
  let code = 'no code';
  socket.on('data', (chunk: Buffer) =>
    frames.read(chunk, (opcode, payload) => {
      if (opcode !== opcodes.close) return;
      code = payload.length < 2 ? '1005' : String(payload.readUInt16BE(0));
      socket.destroy(); // so that it dials again at once
    }),
  );
  socket.resume();
  await gone(socket);
  return code;
}
