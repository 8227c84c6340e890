import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipelineOf } from './pipeline.ts';
import type { ProblemOptions } from './problem.ts';
import { Problem } from './problem.ts';
import { rawAnswer } from './raw-answer.ts';

/** What Node finds wrong before a request is one; whatever is not here is a 400. */
const problems: Record<string, ProblemOptions> = {
  HPE_HEADER_OVERFLOW: { code: 'headers-too-large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'the request took too long to come' },
};
const badRequest: ProblemOptions = { code: 'bad-request', detail: 'this is no HTTP request' };

/** What is answered to what is no request. */
export const malformed = [badRequest, ...Object.values(problems)].map(({ code }) => code);

/** How long a connection that is ended may still send, ms. What is sent to a connection that is cut takes the answer away (RFC 9112 §9.6). */
const lingerMs = 2000;

/** Requests that may come for as long as they like, because whoever answers them looks after their progress. */
export class LongRequests {
  readonly #requests = new WeakSet<IncomingMessage>();

  add(request: IncomingMessage): void {
    this.#requests.add(request);
  }

  delete(request: IncomingMessage): void {
    this.#requests.delete(request);
  }

  /**
   * Answers for this server what would be an error of the client, after everything that came before it on the connection, and passes
   * over that a long request is long.
   */
  watch(server: Server): void {
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const pipeline = pipelineOf(socket);
      const unfinished = pipeline?.unfinished;
      if (unfinished && this.#requests.has(unfinished) && error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return;
      const problem = new Problem(problems[error.code ?? ''] ?? badRequest);
      if (pipeline) pipeline.end((broken) => refuse(socket, problem, broken));
      else refuse(socket, problem);
    });
  }
}

/** Answers with the problem and ends the connection. `broken` is the response to the request that broke off. */
function refuse(socket: Duplex, problem: Problem, broken?: ServerResponse): void {
  const isCutShort = broken?.headersSent === true && !broken.writableFinished;
  if (socket.writableEnded) return; // it was answered already
  if (isCutShort || !socket.writable) return void socket.destroy();
  socket.end(broken?.headersSent ? undefined : rawAnswer(problem));
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}
