import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { closeTimeoutMs } from '../../machines/drain-plan.ts';
import { answerMalformed } from '../http/malformed.ts';
import { Problem } from '../http/problem.ts';
import type { ProblemCode } from '../http/problems.ts';
import { rawAnswer } from '../http/raw-answer.ts';
import { checkTarget } from '../http/request-target.ts';
import { upgrades } from '../connections/channels.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { AdmissionPolicy, UpgradeRequest } from './admission.ts';
import { admission, refusalOf, upgradeRequestOf } from './admission.ts';
import type { Contest } from './contest.ts';
import type { Authenticate, Identity } from './authenticate.ts';
import { isHealthCheck, unhealthy } from './health.ts';
import { handshakeTimeoutMs, PendingSockets } from './pending-sockets.ts';
import { chooseSubprotocol } from '../connections/protocol/subprotocols.ts';
import { DeviceWebSocket } from '../connections/device-web-socket.ts';
import { ReadingTurns } from '../connections/reading-turns.ts';
import { createReadInTurns } from '../connections/receiver.ts';
import type { Accepted } from '../connections/connections.ts';

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
  policy: () => AdmissionPolicy;
  /** Has the pod reached its registry, and is it not draining? */
  isReady: () => boolean;
  /** Called for each request that is refused. */
  onRefused?: (code: ProblemCode) => void;
  /** Undefined: nobody has to prove anything. */
  authenticate?: Authenticate | undefined;
  contest: Contest;
  accept: (accepted: Accepted) => void;
  metrics: Metrics;
  log: Logger;
}

/** What came with a request for an upgrade. */
interface Handshake {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** Who is let in, and how. */
type Admitted = Omit<Accepted, 'socket' | 'stream'>;

const json = { 'Content-Type': 'application/json' };

/** The device side: WebSocket upgrades at `/connect`, and how the pod is at `/healthz`. */
export class DeviceListener {
  readonly server: Server;
  readonly #options: DeviceListenerOptions;
  readonly #upgrades: WebSocketServer;
  readonly #pending = new PendingSockets();
  readonly #readInTurns = createReadInTurns(new ReadingTurns());

  constructor(options: DeviceListenerOptions) {
    this.#options = options;
    this.#upgrades = createUpgrades(options.maxPayloadBytes);
    this.#upgrades.on('wsClientError', ({ message }, socket, { url }) =>
      this.#refuse(socket, badHandshake(message), url),
    );
    this.server = createServer({
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: 1000,
      requireHostHeader: false, // checkTarget looks for it, also in an upgrade
    });
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.server.on('request', answer).on('checkExpectation', answer);
    this.server.on('upgrade', (request, socket, head) => this.#upgrade({ request, socket, head }));
    answerMalformed(this.server, { note: (problem) => this.#note(problem, undefined) });
  }

  /** Stops listening and cuts what has not become a connection; resolves once the connections are gone too. */
  async close(): Promise<void> {
    this.#pending.destroy();
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  /** A request that asks for no upgrade is refused, unless it asks how the pod is. That counts as no connect. */
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const malformed = checkTarget(request);
    if (!malformed && isHealthCheck(request.url)) return this.#tellHealth(request, response);
    const asked = { ...upgradeRequestOf(request), upgrade: undefined };
    const answer = malformed ?? refusalOf(admission.beforeToken, asked, this.#options.policy());
    if (!answer) throw new Error('a request without an upgrade was not refused');
    this.#note(answer, request.url);
    answerOnce(response, answer);
  }

  #tellHealth({ method }: IncomingMessage, response: ServerResponse): void {
    const { policy, isReady } = this.#options;
    const problem = unhealthy(method, { accepting: policy().accepting, ready: isReady() });
    answerOnce(response, problem ?? { status: 200, headers: json, toJSON: () => ({ status: 'ok' }) });
  }

  #upgrade(handshake: Handshake): void {
    const { authenticate, policy } = this.#options;
    const { request, socket } = handshake;
    if (upgrades.requested.hasSubscribers) upgrades.requested.publish({ request, stream: socket });
    const malformed = checkTarget(request);
    if (malformed) return this.#refuse(socket, malformed, undefined);
    const asked = upgradeRequestOf(request);
    const problem = refusalOf(admission.beforeToken, asked, policy());
    if (problem) return this.#refuse(socket, problem, request.url);
    if (authenticate) return void this.#authenticate(handshake, asked, authenticate);
    this.#admit(handshake, asked, { tokenExpiresAt: Infinity });
  }

  async #authenticate(handshake: Handshake, asked: UpgradeRequest, authenticate: Authenticate): Promise<void> {
    const { request, socket } = handshake;
    const release = this.#pending.holdUnread(socket);
    const identity = await authenticate(request.headers, asked.deviceIds[0]!);
    release();
    if (socket.destroyed) return this.#options.metrics.connected('hung-up');
    if (identity instanceof Problem) return this.#refuse(socket, identity, request.url);
    this.#admit(handshake, asked, identity);
  }

  /** Lets the device in, or says why not. */
  #admit(handshake: Handshake, asked: UpgradeRequest, { tokenExpiresAt }: Identity): void {
    const { request, socket } = handshake;
    const problem = refusalOf(admission.afterToken, asked, this.#options.policy());
    if (problem) return this.#refuse(socket, problem, request.url);
    const deviceId = asked.deviceIds[0]!;
    const contest = this.#options.contest(deviceId);
    if (contest) return void this.#awaitContest(handshake, asked, { deviceId, tokenExpiresAt }, contest);
    this.#accept(handshake, { deviceId, tokenExpiresAt, isContended: false });
  }

  /** Waits until it is known whether the present connection of the device is alive. Then this one is closed right after its upgrade. */
  async #awaitContest(
    handshake: Handshake,
    asked: UpgradeRequest,
    device: Omit<Admitted, 'isContended'>,
    contest: Promise<boolean>,
  ): Promise<void> {
    const { request, socket } = handshake;
    const { policy, metrics } = this.#options;
    const release = this.#pending.holdUnread(socket);
    const mayCome = await contest;
    release();
    if (socket.destroyed) return metrics.connected('hung-up');
    const problem = refusalOf(admission.afterContest, asked, policy());
    if (problem) return this.#refuse(socket, problem, request.url);
    this.#accept(handshake, { ...device, isContended: !mayCome });
  }

  #accept({ request, socket, head }: Handshake, admitted: Admitted): void {
    const { accept, metrics } = this.#options;
    // ws takes an 8 too, whose clients tell their origin in another header than the one that is checked
    if (request.headers['sec-websocket-version'] !== '13') {
      return this.#refuse(socket, badHandshake('Sec-WebSocket-Version is not 13'), request.url);
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      metrics.connected('accepted');
      this.#readInTurns(webSocket);
      accept({ ...admitted, socket: webSocket as DeviceWebSocket, stream: socket });
    });
  }

  /** Answers on a socket that has left Node's HTTP server, and ends it. */
  #refuse(socket: Duplex, problem: Problem, url: string | undefined): void {
    this.#note(problem, url);
    const { status, code } = problem;
    if (upgrades.refused.hasSubscribers) upgrades.refused.publish({ stream: socket, status, code });
    this.#pending.hold(socket);
    socket.resume(); // so that the peer's end is seen; destroying now could reset the answer away
    socket.end(rawAnswer(problem));
  }

  #note({ code }: Problem, url: string | undefined): void {
    this.#options.metrics.connected(code);
    this.#options.onRefused?.(code);
    this.#options.log.debug({ code, url: printableUrl(url) }, 'connect refused');
  }
}

/** RFC 6455 §4.4: the answer names the version that is spoken here. */
function badHandshake(detail: string): Problem {
  return new Problem({ code: 'bad-handshake', detail, headers: { 'Sec-WebSocket-Version': '13' } });
}

/** Answers a request that Node's HTTP server still has, and ends its connection. */
function answerOnce(
  response: ServerResponse,
  answer: { status: number; headers: Record<string, string>; toJSON(): object },
): void {
  const body = JSON.stringify(answer);
  const headers = { Connection: 'close', ...answer.headers, 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(answer.status, headers).end(body);
}

/** Some put their token into the query, where it has no effect: of that no more than the deviceId. */
function printableUrl(url = ''): string {
  return url.replace(/[?&](?!deviceId=)[^&]*/g, (parameter) => `${parameter[0]}***`).slice(0, 256);
}

function createUpgrades(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    WebSocket: DeviceWebSocket,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // 16 times the memory of a connection without
    maxPayload,
    maxFragments: 0, // no limit: receiver.ts keeps what they cost at the size of the message
    maxBufferedChunks: 0,
    autoPong: false, // DeviceWebSocket answers pings
    closeTimeout: 2 * closeTimeoutMs, // the chart cuts first; this is for a chart that has crashed
    handleProtocols: chooseSubprotocol,
  });
}
