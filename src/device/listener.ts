import { createServer, STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeTimeoutMs } from '../../machines/drain-plan.ts';
import { Problem } from '../http/problem.ts';
import { closeServer } from '../http/server.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Capacity } from './admission.ts';
import { admit } from './admission.ts';
import { chooseProtocol } from './protocol.ts';
import { DeviceWebSocket } from './device-web-socket.ts';
import type { Accepted } from './socket.ts';

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
  accept: (accepted: Accepted) => void;
  metrics: Metrics;
  log: Logger;
}

/** From the TCP connect to the end of the request head, and from a refusal to the end of the socket, ms. */
const handshakeTimeoutMs = 5000;

/** The device side: WebSocket upgrades at `/connect`, and nothing else. */
export class DeviceListener {
  readonly server: Server;
  readonly #options: DeviceListenerOptions;
  readonly #upgrades: WebSocketServer;
  /** Refused upgrades whose sockets are not gone yet. */
  readonly #refused = new Set<Duplex>();

  constructor(options: DeviceListenerOptions) {
    this.#options = options;
    this.#upgrades = createUpgrades(options.maxPayloadBytes);
    this.#upgrades.on('wsClientError', ({ message }, socket, { url }) => {
      const headers = { 'Sec-WebSocket-Version': '13' }; // RFC 6455 §4.4
      this.#refuse(socket, new Problem({ status: 400, code: 'bad-handshake', detail: message, headers }), url);
    });
    this.server = createServer({
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: 1000,
    });
    this.server.on('request', (request, response) => this.#answer(request, response));
    this.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Stops listening and cuts what has not become a connection; resolves once the connections are gone too. */
  close(): Promise<void> {
    for (const socket of this.#refused) socket.destroy();
    return closeServer(this.server, 0);
  }

  /** A request that asks for no upgrade is always refused. */
  #answer({ url }: IncomingMessage, response: ServerResponse): void {
    const answer = admit({ url, upgrade: undefined }, this.#options.capacity());
    if (!(answer instanceof Problem)) return;
    this.#note(answer, url);
    response.writeHead(answer.status, { Connection: 'close', ...answer.headers }).end(JSON.stringify(answer));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url, headers } = request;
    const { capacity, accept, metrics } = this.#options;
    const answer = admit({ url, upgrade: headers.upgrade }, capacity());
    if (answer instanceof Problem) return this.#refuse(socket, answer, url);
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      metrics.connected('accepted');
      accept({ deviceId: answer.deviceId, socket: webSocket as DeviceWebSocket, stream: socket });
    });
  }

  /** Answers on a socket that has left Node's HTTP server, and its timeouts with it, and ends it. */
  #refuse(socket: Duplex, problem: Problem, url: string | undefined): void {
    this.#note(problem, url);
    this.#refused.add(socket);
    socket.on('error', ignore); // an unheard one would end the process
    const timer = setTimeout(() => socket.destroy(), handshakeTimeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#refused.delete(socket);
    });
    socket.resume(); // so that the peer's end is seen; destroying now could reset the answer away
    socket.end(rawAnswer(problem));
  }

  #note({ code }: Problem, url: string | undefined): void {
    this.#options.metrics.connected(code);
    this.#options.log.debug({ code, url: url?.slice(0, 256) }, 'connect refused');
  }
}

/** 'close' follows every 'error' and ends whatever there is to end. */
function ignore(): void {}

function createUpgrades(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    WebSocket: DeviceWebSocket,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // 16 times the memory of a connection without
    maxPayload,
    maxFragments: 64,
    maxBufferedChunks: 256, // one-byte fragments would cost a thousand times their size
    closeTimeout: 2 * closeTimeoutMs, // the chart cuts first; this is for a chart that has crashed
    handleProtocols: chooseProtocol,
  });
}

function rawAnswer(problem: Problem): string {
  const body = JSON.stringify(problem);
  const headers = { Connection: 'close', ...problem.headers, 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`;
}
