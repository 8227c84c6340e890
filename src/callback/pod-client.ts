import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

const connectTimeoutMs = 1000;
const answerTimeoutMs = 35_000;
const maxAnswerBytes = 65_536;

export interface PodRequest {
  address: string;
  port: number;
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
  /** By default longer than the longest wait a caller can ask the owner for. */
  timeoutMs?: number;
}

export interface PodAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Requests to other pods over kept connections. A redirect is an error. */
export class PodClient {
  readonly #credentials: Record<string, string>;
  // Freed sockets go well before the other side's keep-alive ends, so none is used that is just being closed.
  readonly #agent = new Agent({ keepAlive: true, timeout: 10_000 });

  /** `token` is what all requests carry: the first of those the other pods ask for. */
  constructor(token?: string) {
    this.#credentials = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  /** Rejects when the pod cannot be reached, breaks off, or takes too long: what became of the request is unknown then. */
  send({ address, port, method, path, headers, body, timeoutMs = answerTimeoutMs }: PodRequest): Promise<PodAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.#agent,
        host: address,
        port,
        method,
        path,
        headers: { ...headers, ...this.#credentials, ...(body && { 'Content-Length': body.length }) },
        signal: AbortSignal.timeout(timeoutMs),
      });
      outgoing.once('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(() => outgoing.destroy(new Error('connect timed out')), connectTimeoutMs);
        socket.once('connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      outgoing.once('error', reject);
      outgoing.once('response', (response) => {
        const status = response.statusCode!;
        if (status >= 300 && status < 400) {
          response.resume();
          return reject(new Error(`redirected with ${status}`));
        }
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > maxAnswerBytes) response.destroy(new Error('answer too large'));
        });
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
