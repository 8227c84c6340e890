import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
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

/** Requests that may come for as long as they like, because whoever answers them looks after their progress. */
export class LongRequests {
  readonly #sockets = new WeakSet<Duplex>();

  add({ socket }: IncomingMessage): void {
    this.#sockets.add(socket);
  }

  delete({ socket }: IncomingMessage): void {
    this.#sockets.delete(socket);
  }

  /** Answers for this server what would be an error of the client, and passes over that a long request is long. */
  watch(server: Server): void {
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const isLong = this.#sockets.has(socket);
      if (isLong && error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return;
      const problem = new Problem(problems[error.code ?? ''] ?? badRequest);
      if (isLong || !socket.writable) socket.destroy(); // its answer has begun
      else socket.end(rawAnswer(problem), () => socket.destroy());
    });
  }
}
