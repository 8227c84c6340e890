/**
 * The job of one ws-connect pod, written by hand: `ws` and Koa around a Map of connections. It checks ids, lets the newest
 * connection win, pings, cuts the silent, answers a push when the kernel took it. It has no supervision, registry or drain.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Context } from 'koa';
import { WebSocket, WebSocketServer } from 'ws';
import { announce } from './announce.ts';
import { createCallbackServer, isDeviceId, maxPayloadBytes } from './callback-app.ts';

interface Connection {
  socket: WebSocket;
  traceId: string;
  /** Of `performance.now()`, ms. */
  lastDataAt: number;
  /** Was heard of since the last ping. */
  alive: boolean;
}

const pingIntervalMs = 25_000;
const podId = randomBytes(16).toString('hex');
const connections = new Map<string, Connection>();

const upgrades = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: maxPayloadBytes,
});

const deviceServer = createServer((_, response) => response.writeHead(426).end());
deviceServer.on('upgrade', (request, stream, head) => {
  const url = new URL(request.url ?? '', 'http://device');
  const deviceId = url.searchParams.get('deviceId');
  if (url.pathname !== '/connect' || !isDeviceId(deviceId)) {
    stream.on('error', () => {});
    stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  upgrades.handleUpgrade(request, stream, head, (socket) => open(deviceId, socket));
});

function open(deviceId: string, socket: WebSocket): void {
  const traceId = randomBytes(16).toString('hex');
  const connection: Connection = { socket, traceId, lastDataAt: performance.now(), alive: true };
  connections.get(deviceId)?.socket.close(4509, 'superseded');
  connections.set(deviceId, connection);
  socket.on('message', () => {
    connection.lastDataAt = performance.now();
    connection.alive = true;
  });
  socket.on('pong', () => {
    connection.alive = true;
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('close', () => {
    if (connections.get(deviceId) === connection) connections.delete(deviceId);
  });
}

setInterval(() => {
  for (const connection of connections.values()) {
    if (!connection.alive) connection.socket.terminate();
    connection.alive = false;
    if (connection.socket.readyState === WebSocket.OPEN) connection.socket.ping();
  }
}, pingIntervalMs);

function send({ socket }: Connection, body: Buffer, binary: boolean): Promise<Error | undefined> {
  return new Promise((resolve) => {
    socket.send(body, { binary }, resolve);
  });
}

async function push(ctx: Context, deviceId: string, body: Buffer): Promise<void> {
  const connection = connections.get(deviceId) ?? ctx.throw(404, 'not connected');
  const error = await send(connection, body, !ctx.get('Content-Type').startsWith('application/json'));
  if (error) ctx.throw(404, 'not connected');
  connection.lastDataAt = performance.now();
  ctx.set('ETag', `"${connection.traceId}"`);
  ctx.body = { deviceId, traceId: connection.traceId, podId, outcome: 'delivered' };
}

await announce(deviceServer, createCallbackServer(push));
