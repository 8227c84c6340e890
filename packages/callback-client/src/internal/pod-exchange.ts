import type { ClientRequest, IncomingMessage } from 'node:http';
import { proofHeader } from './pod-proof.ts';

const connectTimeoutMs = 1000;
/** Interim answers (1xx, RFC 9110 §15.2) to one request, at most. A pod sends none; a proxy before it may send one or two. */
const maxInterimAnswers = 8;

/**
 * No answer came. The request has not arrived when it never had a connection: `unreachable`, or `unsent` when it was still waiting
 * for its turn. It arrived at another program when the answer is `unproven`. Otherwise what became of it is unknown: `timed-out`, or
 * `broken` by a reset, an end or an answer that is none.
 */
export class PodError extends Error {
  readonly code: 'unreachable' | 'unsent' | 'unproven' | 'timed-out' | 'broken';

  constructor(code: PodError['code'], cause: unknown) {
    super(`the pod did not answer: ${code}`, { cause });
    this.name = 'PodError';
    this.code = code;
  }
}

/** Who answered did not prove to be the pod that was asked: another program has its address, or it does not know the token. */
export class Unproven extends PodError {
  readonly status: number;

  constructor(status: number) {
    super('unproven', new Error(`answered with ${status} and without the proof of the pod`));
    this.status = status;
  }
}

/** A request under way whose body is the caller's to write. */
export class PodExchange {
  readonly outgoing: ClientRequest;
  readonly #proofs: readonly string[] | undefined;
  #progress: 'unsent' | 'unreachable' | 'connected' = 'unsent';
  #isLate = false;
  #isDecided = false;
  #interimAnswers = 0;

  /** `proofs`: an answer counts only with one of them. Undefined: any answer counts. */
  constructor(outgoing: ClientRequest, proofs?: readonly string[]) {
    this.outgoing = outgoing;
    this.#proofs = proofs;
    outgoing.on('error', () => {
      this.#isDecided = true;
    });
    outgoing.on('information', () => this.#countInterim());
    outgoing.once('close', () => {
      // Node says nothing more of a connection that was switched to another protocol.
      if (!this.#isDecided) outgoing.emit('error', new Error('the connection ended without an answer'));
    });
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

  /** Hands over the head of the answer once it has proved to be the pod's. Any other answer is an error of `outgoing`. */
  onAnswer(read: (response: IncomingMessage) => void): void {
    this.outgoing.once('response', (response) => {
      this.#isDecided = true;
      const objection = this.#objectionTo(response);
      if (objection) this.destroy(objection);
      else read(response);
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
    if (cause instanceof PodError) return cause;
    if (this.#progress !== 'connected') return new PodError(this.#progress, cause);
    return new PodError(this.#isLate ? 'timed-out' : 'broken', cause);
  }

  #objectionTo({ statusCode = 0, headers }: IncomingMessage): Error | undefined {
    const proof = headers[proofHeader.toLowerCase()];
    if (this.#proofs && !(typeof proof === 'string' && this.#proofs.includes(proof))) return new Unproven(statusCode);
    return statusCode < 200 ? new Error(`answered with ${statusCode}`) : undefined; // 101: the rest would never end
  }

  #countInterim(): void {
    this.#interimAnswers += 1;
    if (this.#interimAnswers > maxInterimAnswers) this.destroy(new Error('too many interim answers'));
  }
}
