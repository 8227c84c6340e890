import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem } from './problem.ts';
import { rawAnswer } from './raw-answer.ts';

/** What Node finds wrong before a request is one; whatever is not here is a 400. */
const problems: Record<string, { status: number; code: string; detail: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'headers-too-large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'request-timeout', detail: 'the request took too long to come' },
};
const badRequest = { status: 400, code: 'bad-request', detail: 'this is no HTTP request' };

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
