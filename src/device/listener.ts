import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket as Socket } from 'ws';
import { closeTimeoutMs } from '../../machines/drain-plan.ts';
import { Problem } from '../http/problem.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Capacity } from './admission.ts';
import { admit } from './admission.ts';
import { chooseProtocol } from './protocol.ts';

declare module 'ws' {
  namespace WebSocket {
    interface ServerOptions {
      /** How long a close may wait for the peer's close frame, ms (ws 8.19). */
      closeTimeout?: number;
    }
  }
}

export interface DeviceListenerOptions {
  maxPayloadBytes: number;
  capacity: () => Capacity;
  accept: (deviceId: string, socket: Socket) => void;
  metrics: Metrics;
  log: Logger;
}

/** From the TCP connect to the end of the request head, and from a refusal to the end of the socket, ms. */
const handshakeTimeoutMs = 5000;

/** The device side: WebSocket upgrades at `/connect`, and nothing else. */
export function createDeviceListener({
  maxPayloadBytes,
  capacity,
  accept,
  metrics,
  log,
}: DeviceListenerOptions): Server {
  const upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // 16 times the memory of a connection without
    maxPayload: maxPayloadBytes,
    maxFragments: 64,
    maxBufferedChunks: 256, // one-byte fragments would cost a thousand times their size
    closeTimeout: closeTimeoutMs,
    handleProtocols: chooseProtocol,
  });
  const refused = (problem: Problem, url: string | undefined) => {
    metrics.connected(problem.code);
    log.debug({ code: problem.code, url: url?.slice(0, 256) }, 'connect refused');
  };
  upgrades.on('wsClientError', (error, socket, { url }) => {
    const problem = new Problem({ status: 400, code: 'bad-handshake', detail: error.message });
    refused(problem, url);
    answerRaw(socket, problem);
  });

  const server = createServer({
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: 1000,
  });
  server.on('request', (request, response) => {
    try {
      admit(request, capacity());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused(error, request.url);
      const headers = { Connection: 'close', ...error.headers };
      response.writeHead(error.status, headers).end(JSON.stringify(error));
    }
  });
  // Node's own timeouts end with the upgrade, and an unheard 'error' would end the process.
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const ignore = () => {}; // 'close' follows and ends whatever there is to end
    socket.on('error', ignore);
    try {
      const deviceId = admit(request, capacity());
      upgrades.handleUpgrade(request, socket, head, (webSocket) => {
        socket.off('error', ignore);
        metrics.connected('accepted');
        accept(deviceId, webSocket);
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused(error, request.url);
      answerRaw(socket, error);
    }
  });
  return server;
}

/** Answers on a socket that has left Node's HTTP server, and ends it. */
function answerRaw(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem);
  const headers = { Connection: 'close', ...problem.headers, 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
  socket.once('close', () => clearTimeout(timer));
  socket.resume(); // so that the peer's end is seen; destroying now could reset the answer away
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
}
