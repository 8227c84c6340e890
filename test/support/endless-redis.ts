import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface EndlessRedis {
  port: number;
  /** So far, one after the other. */
  connections: number;
}

/** Answers OK to every command, until one of this name comes: then `head`, and after it `piece` again and again without an end. */
export async function startEndlessRedis(command: string, head: string, piece: string): Promise<EndlessRedis> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    redis.connections += 1;
    sockets.add(socket);
    socket.on('error', () => {}); // the pod has cut it
    socket.on('data', (data: Buffer) => {
      const text = data.toString('latin1').toLowerCase();
      const asked = text.indexOf(`\r\n${command}\r\n`);
      const before = asked < 0 ? text : text.slice(0, text.lastIndexOf('*', asked));
      socket.write('+OK\r\n'.repeat([...before.matchAll(/\*\d+\r\n\$/g)].length));
      if (asked >= 0) pour(socket.removeAllListeners('data').resume(), head, piece);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const redis = { port: (server.address() as AddressInfo).port, connections: 0 };
  return redis;
}

/** As fast as it is read, or bit by bit when the piece is a single byte. */
function pour(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  if (piece.length === 1) {
    const drip = setInterval(() => socket.write(piece), 200);
    socket.once('close', () => clearInterval(drip));
    return;
  }
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}
