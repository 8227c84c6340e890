/** socket.io, a room per device, over WebSocket only, taking its pushes through the same Koa route as by-hand. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { announce } from './announce.ts';
import { createCallbackServer, isDeviceId, maxPayloadBytes } from './callback-app.ts';

const deviceServer = createServer();
const io = new Server(deviceServer, {
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
  maxHttpBufferSize: maxPayloadBytes,
  pingInterval: 25_000,
  pingTimeout: 35_000,
});
const { rooms } = io.of('/').adapter;

io.use((socket, next) => {
  const { deviceId } = socket.handshake.query;
  next(typeof deviceId === 'string' && isDeviceId(deviceId) ? undefined : new Error('bad device id'));
});

io.on('connection', (socket) => {
  void socket.join(String(socket.handshake.query['deviceId']));
  // What its documentation advises against memory use: let go of the upgrade's request.
  (socket.conn as { request: unknown }).request = null;
});

/** 200 says less here than elsewhere: socket.io does not tell when a message was written. */
const callbackServer = createCallbackServer((ctx, deviceId, body) => {
  if (!rooms.has(deviceId)) ctx.throw(404, 'not connected');
  io.to(deviceId).emit('push', body.toString());
  ctx.body = { deviceId, outcome: 'emitted' };
});

await announce(deviceServer, callbackServer);
