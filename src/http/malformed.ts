import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipelineOf } from './pipeline.ts';
import type { ProblemOptions } from './problem.ts';
import { Problem } from './problem.ts';
import { rawAnswer } from './raw-answer.ts';

/** What Node finds wrong before a request is one; whatever is not here is a 400. */
const problems: Record<string, ProblemOptions> = {
  HPE_HEADER_OVERFLOW: { code: 'headers-too-large', detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request-timeout', detail: 'the request did not arrive in time' },
};
const badRequest: ProblemOptions = { code: 'bad-request', detail: 'this is not a valid HTTP request' };

/** What is answered to what is no request. */
export const malformed = [badRequest, ...Object.values(problems)].map(({ code }) => code);

/** How long a connection that is ended may still send, ms. What is sent to a connection that is cut takes the answer away (RFC 9112 §9.6). */
const lingerMs = 1000;

export interface MalformedOptions {
  /** Hears of each answer. */
  note: (problem: Problem) => void;
  /** May this request take as long as it likes? Then a time-out is passed over. */
  isLong?: (request: IncomingMessage) => boolean;
}

/**
 * Answers what is no request with a problem and ends the connection, where Node would send a bare status line. What came before it on
 * the connection is answered first.
 */
export function answerMalformed(server: Server, { note, isLong = () => false }: MalformedOptions): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const pipeline = pipelineOf(socket);
    const unfinished = pipeline?.unfinished;
    if (unfinished && isLong(unfinished) && error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return;
    const refuse = (broken?: ServerResponse) => {
      const answer = new Problem(problems[error.code ?? ''] ?? badRequest);
      if (end(socket, answer, broken)) note(answer);
    };
    if (pipeline) pipeline.end(refuse);
    else refuse();
  });
}

/** Answers with the problem and ends the connection. `broken` is the response to the request that broke off. True: it was answered so. */
function end(socket: Duplex, problem: Problem, broken: ServerResponse | undefined): boolean {
  if (socket.writableEnded) return false; // it has its answer: this is more of the same
  const hasBegun = broken?.headersSent === true;
  if ((hasBegun && !broken.writableFinished) || !socket.writable) {
    socket.destroy();
    return false;
  }
  socket.end(hasBegun ? undefined : rawAnswer(problem));
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(timer));
  return !hasBegun;
}
