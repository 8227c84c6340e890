import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemOptions } from './problem.ts';
import { Problem } from './problem.ts';
import { rawAnswer } from './raw-answer.ts';
import { answerUnderWay } from './under-way.ts';

/** What Node finds wrong before a request is one; whatever is not here is a 400. */
const problems: Record<string, ProblemOptions> = {
  HPE_HEADER_OVERFLOW: { code: 'headers-too-large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'the request took too long to come' },
};
const badRequest: ProblemOptions = { code: 'bad-request', detail: 'this is no HTTP request' };

/** What is answered to what is no request. */
export const malformed = [badRequest, ...Object.values(problems)].map(({ code }) => code);

/** How long a client has to read such an answer and to hang up, ms. What it sends meanwhile is thrown away (RFC 9112 §9.6). */
const lingerMs = 500;

export interface MalformedOptions {
  /** Hears of each answer. */
  note: (problem: Problem) => void;
  /** Does the request on this connection take as long as it likes? Then a time-out is passed over, and its answer has begun. */
  isLong?: (socket: Duplex) => boolean;
}

/** Answers what is no request with a problem and ends the connection, where Node would send a bare status line. */
export function answerMalformed(server: Server, { note, isLong = () => false }: MalformedOptions): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writableEnded) return; // it has its answer: this is more of the same
    if (isLong(socket)) {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') socket.destroy();
    } else if (!socket.writable || answerUnderWay(socket)?.headersSent) {
      socket.destroy();
    } else {
      const problem = new Problem(problems[error.code ?? ''] ?? badRequest);
      note(problem);
      socket.end(rawAnswer(problem));
      const timer = setTimeout(() => socket.destroy(), lingerMs);
      socket.once('close', () => clearTimeout(timer));
    }
  });
}
