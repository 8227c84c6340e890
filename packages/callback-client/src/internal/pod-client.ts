import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Pieces } from './pieces.ts';
import { PodExchange } from './pod-exchange.ts';
import type { PodCredentials } from './pod-proof.ts';
import { CredentialStore } from './pod-proof.ts';

const answerTimeoutMs = 35_000;
const maxAnswerBytes = 65_536;

export interface PodRequestHead {
  address: string;
  port: number;
  /**
   * The pod that the registry names at this address: it is shown its hop token, and an answer counts only with its proof.
   * Undefined: whoever configured the address vouches for it. Then the token itself is shown, and any answer counts.
   */
  podId: string | undefined;
  /** By default the client's own. */
  token?: string | undefined;
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

export interface PodClientOptions {
  /** For requests that bring none: the first of CALLBACK_TOKENS. */
  token?: string | undefined;
  /** A pod may show its podId instead of a proof made with the token. So it is while CALLBACK_AUTH is `none`. */
  acceptsPodId?: boolean;
  /** Connections to one pod. By default there is no limit. */
  maxSockets?: number;
  /** Connections to all pods together; a request beyond waits for a free one. By default there is no limit. */
  maxTotalSockets?: number;
}

/** Requests to pods over kept connections. A redirect is an error. */
export class PodClient {
  readonly #token: string | undefined;
  readonly #credentials: CredentialStore;
  readonly #agent: Agent;

  constructor({ token, acceptsPodId, maxSockets = Infinity, maxTotalSockets = Infinity }: PodClientOptions = {}) {
    this.#token = token;
    this.#credentials = new CredentialStore(acceptsPodId);
    // Freed sockets go well before the other side's keep-alive ends, so none is used that is just being closed.
    this.#agent = new Agent({ keepAlive: true, timeout: 10_000, maxSockets, maxTotalSockets });
  }

  /** Begins a request; nothing is sent before its body is begun or ended. It may report more than one error. */
  open({ address, podId, token = this.#token, headers, signal, ...head }: PodRequestHead): PodExchange {
    const { authorization, proofs } = this.#credentialsFor({ address, port: head.port, podId }, token);
    const all = authorization === undefined ? headers : { ...headers, Authorization: authorization };
    const exchange = new PodExchange(request({ ...head, agent: this.#agent, host: address, headers: all }), proofs);
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
      exchange.onAnswer((response) => {
        collectAnswer(response).then(resolve, (error: Error) => {
          fail(error);
          exchange.destroy(error); // the rest of the answer may never end
        });
      });
      exchange.outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #credentialsFor(
    { address, port, podId }: Pick<PodRequestHead, 'address' | 'port' | 'podId'>,
    token: string | undefined,
  ): Partial<PodCredentials> {
    if (podId !== undefined) return this.#credentials.for({ podId, serverIp: address, port }, token);
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
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
