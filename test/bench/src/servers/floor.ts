/** The least that works: `ws` on one bare node:http server, and a Map. No checks, no pings, an empty answer. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';

const sockets = new Map<string, WebSocket>();
const upgrades = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => push(request, response, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
});

function push(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const socket = sockets.get(request.url!.slice('/callback/'.length));
  if (!socket) {
    response.writeHead(404).end();
    return;
  }
  socket.send(body, { binary: false });
  response.end();
}

server.on('upgrade', (request, stream, head) => {
  const deviceId = request.url!.slice('/connect?deviceId='.length);
  upgrades.handleUpgrade(request, stream, head, (socket) => {
    sockets.set(deviceId, socket);
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => sockets.delete(deviceId));
  });
});

await announce(server, server);
