import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TypedChannel } from './channel.ts';
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
   * The pod that the registry names at this address. It gets its hop token, and its answer counts only with its proof.
   * Undefined: the address comes from the configuration. Then the pod gets the token itself, and any answer counts.
   */
  podId: string | undefined;
  /** By default the token of the client. */
  token?: string | undefined;
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  /** Cancels the request. */
  signal?: AbortSignal;
}

export interface PodRequest extends PodRequestHead {
  body: Buffer | undefined;
  /** Time for the answer, ms. The default is longer than the longest wait for an acknowledgement. */
  timeoutMs?: number;
}

export interface PodAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface PodClientOptions {
  /** Token for requests without their own: the first of CALLBACK_TOKENS. */
  token?: string | undefined;
  /** Accept the podId instead of a proof that is derived from the token. True while CALLBACK_AUTH is `none`. */
  acceptsPodId?: boolean;
  /** Most connections to one pod. By default there is no limit. */
  maxSockets?: number;
  /** Most connections to all pods together. Further requests wait for a free connection. By default there is no limit. */
  maxTotalSockets?: number;
}

/** What observers of requests to pods are told. They may add to `headers` while the request is `starting`. */
export interface ObservedPodRequest {
  method: string;
  address: string;
  port: number;
  /** The same object in both messages. */
  headers: Record<string, string>;
  /** Undefined in the first message. */
  outgoing: ClientRequest | undefined;
}

/** Each request has a message in both. */
export const podRequestChannels = {
  starting: new TypedChannel<ObservedPodRequest>('pod-request.starting'),
  started: new TypedChannel<ObservedPodRequest>('pod-request.started'),
};

/** Requests to pods over kept connections. A redirect is an error. */
export class PodClient {
  readonly #token: string | undefined;
  readonly #credentials: CredentialStore;
  readonly #agent: Agent;

  constructor({ token, acceptsPodId, maxSockets = Infinity, maxTotalSockets = Infinity }: PodClientOptions = {}) {
    this.#token = token;
    this.#credentials = new CredentialStore(acceptsPodId);
    // Idle sockets are closed well before the keep-alive time of the pods ends, so that no request uses a socket that is being closed.
    this.#agent = new Agent({ keepAlive: true, timeout: 10_000, maxSockets, maxTotalSockets });
  }

  /** Starts a request. Nothing is sent before the first write to its body, or its end. It can report more than one error. */
  open({ address, podId, token = this.#token, headers, signal, ...head }: PodRequestHead): PodExchange {
    const { authorization, proofs } = this.#credentialsFor({ address, port: head.port, podId }, token);
    const all = authorization === undefined ? { ...headers } : { ...headers, Authorization: authorization };
    const observed = { method: head.method, address, port: head.port, headers: all, outgoing: undefined };
    if (podRequestChannels.starting.hasSubscribers) podRequestChannels.starting.publish(observed);
    const outgoing = request({ ...head, agent: this.#agent, host: address, headers: all });
    if (podRequestChannels.started.hasSubscribers) podRequestChannels.started.publish({ ...observed, outgoing });
    const exchange = new PodExchange(outgoing, proofs);
    const abort = () => exchange.destroy(new Error('given up'));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    exchange.outgoing.once('close', () => signal?.removeEventListener('abort', abort));
    return exchange;
  }

  /** Sends a request and reads the answer. Rejects with a `PodError` if the pod cannot be reached, breaks the connection, or is too slow. */
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
          exchange.destroy(error); // otherwise the rest of the answer could go on forever
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

/** Reads a whole answer. Rejects if it is larger than 65,536 bytes, breaks, or is a redirect. */
export function collectAnswer(response: IncomingMessage): Promise<PodAnswer> {
  return new Promise((resolve, reject) => {
    const status = response.statusCode!;
    if (status >= 300 && status < 400) {
      response.resume();
      return reject(new Error(`the answer is a redirect, status ${status}`));
    }
    const pieces = new Pieces();
    response.on('data', (chunk: Buffer) => {
      pieces.add(chunk);
      if (pieces.size > maxAnswerBytes) response.destroy(new Error('the answer is too large'));
    });
    response.on('error', reject);
    response.once('end', () => {
      resolve({ status, headers: response.headers, body: pieces.take() });
    });
  });
}
