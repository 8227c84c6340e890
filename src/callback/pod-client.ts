import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Pieces } from '../http/pieces.ts';

const connectTimeoutMs = 1000;
const answerTimeoutMs = 35_000;
const maxAnswerBytes = 65_536;

export interface PodRequestHead {
  address: string;
  port: number;
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  /** Gives the request up. */
  signal?: AbortSignal;
}

export interface PodRequest extends PodRequestHead {
  body: Buffer | undefined;
  /** By default longer than the longest wait a caller can ask the owner for. */
  timeoutMs?: number;
}

export interface PodAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/**
 * No answer came. The request has not arrived when it never had a connection: `unreachable`, or `unsent` when it was still waiting
 * for its turn. Otherwise what became of it is unknown: `timed-out`, or `broken` by a reset, an end or an answer that is none.
 */
export class PodError extends Error {
  readonly code: 'unreachable' | 'unsent' | 'timed-out' | 'broken';

  constructor(code: PodError['code'], cause: unknown) {
    super(`the pod did not answer: ${code}`, { cause });
    this.name = 'PodError';
    this.code = code;
  }
}

/** A request under way whose body is the caller's to write. */
export class PodExchange {
  readonly outgoing: ClientRequest;
  #progress: 'unsent' | 'unreachable' | 'connected' = 'unsent';
  #isLate = false;

  constructor(outgoing: ClientRequest) {
    this.outgoing = outgoing;
    outgoing.once('socket', (socket) => {
      this.#progress = socket.connecting ? 'unreachable' : 'connected';
      if (!socket.connecting) return;
      const timer = setTimeout(() => outgoing.destroy(new Error('connect timed out')), connectTimeoutMs);
      socket.once('close', () => clearTimeout(timer));
      socket.once('connect', () => {
        clearTimeout(timer);
        this.#progress = 'connected';
      });
    });
  }

  /** Gives it up because it takes too long. */
  expire(): void {
    this.#isLate = true;
    this.destroy(new Error('answer timed out'));
  }

  /** Gives it up. */
  destroy(cause: Error): void {
    this.outgoing.destroy(cause);
    if (this.#progress === 'unsent') process.nextTick(() => this.outgoing.emit('error', cause)); // else it says so when its turn has come
  }

  /** What the failure says about the request. */
  failed(cause: unknown): PodError {
    if (this.#progress !== 'connected') return new PodError(this.#progress, cause);
    return new PodError(this.#isLate ? 'timed-out' : 'broken', cause);
  }
}

/** Requests to pods over kept connections. A redirect is an error. */
export class PodClient {
  readonly #credentials: Record<string, string>;
  readonly #agent: Agent;

  /** `token` is what all requests carry: the first of those the other pods ask for. `maxSockets` is for each pod. */
  constructor(token?: string, maxSockets = Infinity) {
    this.#credentials = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    // Freed sockets go well before the other side's keep-alive ends, so none is used that is just being closed.
    this.#agent = new Agent({ keepAlive: true, timeout: 10_000, maxSockets });
  }

  /** Begins a request; nothing is sent before its body is begun or ended. It may report more than one error. */
  open({ address, headers, signal, ...head }: PodRequestHead): PodExchange {
    const all = { ...headers, ...this.#credentials };
    const exchange = new PodExchange(request({ ...head, agent: this.#agent, host: address, headers: all }));
    const abort = () => exchange.destroy(new Error('given up'));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    exchange.outgoing.once('close', () => signal?.removeEventListener('abort', abort));
    return exchange;
  }

  /** Rejects with a `PodError` when the pod cannot be reached, breaks off, or takes too long. */
  send({ body, timeoutMs = answerTimeoutMs, headers, ...head }: PodRequest): Promise<PodAnswer> {
    return new Promise((resolve, reject) => {
      const length = body && { 'Content-Length': String(body.length) };
      const exchange = this.open({ ...head, headers: { ...headers, ...length } });
      const timer = setTimeout(() => exchange.expire(), timeoutMs).unref();
      const fail = (cause: unknown) => reject(exchange.failed(cause));
      exchange.outgoing.on('error', fail);
      exchange.outgoing.once('close', () => clearTimeout(timer));
      exchange.outgoing.once('response', (response) => collectAnswer(response).then(resolve, fail));
      exchange.outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Reads an answer to its end. Rejects when it is too large, breaks off, or is a redirect. */
export function collectAnswer(response: IncomingMessage): Promise<PodAnswer> {
  return new Promise((resolve, reject) => {
    const status = response.statusCode!;
    if (status >= 300 && status < 400) {
      response.resume();
      return reject(new Error(`redirected with ${status}`));
    }
    const pieces = new Pieces();
    response.on('data', (chunk: Buffer) => {
      pieces.add(chunk);
      if (pieces.size > maxAnswerBytes) response.destroy(new Error('answer too large'));
    });
    response.on('error', reject);
    response.once('end', () => {
      resolve({ status, headers: response.headers, body: pieces.take() });
    });
  });
}
