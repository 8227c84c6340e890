import type { ClientRequest, IncomingMessage } from 'node:http';
import { proofHeader } from './pod-proof.ts';

const connectTimeoutMs = 1000;
/** Most interim answers (1xx, RFC 9110 §15.2) to one request. A pod sends none; a proxy in front of it may send one or two. */
const maxInterimAnswers = 8;

/**
 * The pod did not answer. The codes:
 * `unreachable`: there was no connection, so the request did not arrive. `unsent`: it was still waiting for a free connection.
 * `unproven`: another program got the request and answered. `timed-out`: the answer took too long. `broken`: the connection was reset or
 * ended, or the answer was invalid. After the last two codes the pod may have handled the request.
 */
export class PodError extends Error {
  readonly code: 'unreachable' | 'unsent' | 'unproven' | 'timed-out' | 'broken';

  constructor(code: PodError['code'], cause: unknown) {
    super(`the pod did not answer: ${code}`, { cause });
    this.name = 'PodError';
    this.code = code;
  }
}

/** The answer has no proof of the pod: another program has its address, or the pod does not know the token. */
export class Unproven extends PodError {
  readonly status: number;

  constructor(status: number) {
    super('unproven', new Error(`the answer, status ${status}, has no proof that it comes from this pod`));
    this.status = status;
  }
}

/** A running request. The caller writes its body to `outgoing`. */
export class PodExchange {
  readonly outgoing: ClientRequest;
  readonly #proofs: readonly string[] | undefined;
  #progress: 'unsent' | 'unreachable' | 'connected' = 'unsent';
  #isLate = false;
  #isDecided = false;
  #interimAnswers = 0;

  /** `proofs`: the answer must have one of these. Undefined: any answer counts. */
  constructor(outgoing: ClientRequest, proofs?: readonly string[]) {
    this.outgoing = outgoing;
    this.#proofs = proofs;
    outgoing.on('error', () => {
      this.#isDecided = true;
    });
    outgoing.on('information', () => this.#countInterim());
    outgoing.once('close', () => {
      // After a switch to another protocol Node reports only the close.
      if (!this.#isDecided) outgoing.emit('error', new Error('the connection ended without an answer'));
    });
    outgoing.once('socket', (socket) => {
      this.#progress = socket.connecting ? 'unreachable' : 'connected';
      if (!socket.connecting) return;
      const timer = setTimeout(() => outgoing.destroy(new Error('the connect timed out')), connectTimeoutMs);
      socket.once('close', () => clearTimeout(timer));
      socket.once('connect', () => {
        clearTimeout(timer);
        this.#progress = 'connected';
      });
    });
  }

  /** Calls `read` with the head of the answer if it has the proof of the pod. Otherwise `outgoing` emits an error. */
  onAnswer(read: (response: IncomingMessage) => void): void {
    this.outgoing.once('response', (response) => {
      this.#isDecided = true;
      const objection = this.#objectionTo(response);
      if (objection) this.destroy(objection);
      else read(response);
    });
  }

  /** Cancels the request because it takes too long. */
  expire(): void {
    this.#isLate = true;
    this.destroy(new Error('the answer timed out'));
  }

  /** Cancels the request. */
  destroy(cause: Error): void {
    this.outgoing.destroy(cause);
    if (this.#progress === 'unsent') process.nextTick(() => this.outgoing.emit('error', cause)); // otherwise it would come with the connection
  }

  /** The `PodError` for a failure of this request. */
  failed(cause: unknown): PodError {
    if (cause instanceof PodError) return cause;
    if (this.#progress !== 'connected') return new PodError(this.#progress, cause);
    return new PodError(this.#isLate ? 'timed-out' : 'broken', cause);
  }

  #objectionTo({ statusCode = 0, headers }: IncomingMessage): Error | undefined {
    const proof = headers[proofHeader.toLowerCase()];
    if (this.#proofs && !(typeof proof === 'string' && this.#proofs.includes(proof))) return new Unproven(statusCode);
    return statusCode < 200 ? new Error(`the pod answered with status ${statusCode}`) : undefined; // after a 101 the answer would never end
  }

  #countInterim(): void {
    this.#interimAnswers += 1;
    if (this.#interimAnswers > maxInterimAnswers) this.destroy(new Error('too many interim answers'));
  }
}
