import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { Pieces } from '@ws-connect/callback-client/internal/pieces';
import { hold, release } from './hold.ts';
import type { Pipeline } from './pipeline.ts';
import { pipelineOf } from './pipeline.ts';
import { Problem } from './problem.ts';

/** How long the rest of a refused body is waited for when its connection ends with the answer, ms. */
const discardMs = 5000;

/**
 * Reads a whole request body of at most `limit` bytes. A larger one is a 413, and the rest is read and thrown away so that a
 * caller who is still sending gets the answer instead of a reset: at once on a connection that is kept, else when the body is over.
 * Rejects with `objectionTo` the request as well.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const objection = objectionTo(request) ?? (Number(request.headers['content-length']) > limit && tooLarge(limit));
  return objection ? refuse(request, objection) : collect(request, limit);
}

/**
 * Why the body of this request cannot be taken for what its caller meant. 411: it has no length (RFC 9110 §15.5.12). By RFC 9112 §6.3
 * such a request has no body, and what its caller meant to be one is read as the next request. 415: it is coded (RFC 9110 §8.4, RFC
 * 9112 §6.1), and the device could not know how.
 */
export function objectionTo({ headers }: IncomingMessage): Problem | undefined {
  const { 'content-length': length, 'transfer-encoding': transfer, 'content-encoding': encoding } = headers;
  if (length === undefined && transfer === undefined) {
    const detail = "send Content-Length (0 for an empty body; with curl: -d ''), or send a chunked body";
    return new Problem({ code: 'length-required', detail });
  }
  const isCoded = (encoding !== undefined && !isIdentity(encoding)) || (transfer !== undefined && !isChunked(transfer));
  if (!isCoded) return undefined;
  const detail = 'send the body without Content-Encoding, and without a Transfer-Encoding other than chunked';
  return new Problem({ code: 'unsupported-encoding', detail, headers: { 'Accept-Encoding': 'identity' } });
}

/** Empty elements of a list do not count (RFC 9110 §5.6.1.2). */
function isIdentity(encoding: string): boolean {
  return encoding.split(',').every((coding) => ['', 'identity'].includes(coding.trim().toLowerCase()));
}

function isChunked(transfer: string): boolean {
  return transfer.trim().toLowerCase() === 'chunked';
}

async function refuse(request: IncomingMessage, problem: Problem): Promise<never> {
  await discardBody(request);
  throw problem;
}

function tooLarge(limit: number): Problem {
  return new Problem({ code: 'body-too-large', detail: `the body is larger than ${limit} bytes` });
}

/** Throws the body away; on a connection that ends with the answer, waits for its end. */
export async function discardBody(request: IncomingMessage): Promise<void> {
  const pipeline = pipelineForPieces(request);
  if (pipeline) request.on('data', () => pipeline.spend());
  request.resume();
  if (endsWithAnswer(request)) await finished(request, { signal: AbortSignal.timeout(discardMs) }).catch(() => {}); // answered anyway
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    const pipeline = pipelineForPieces(request);
    const stop = () => request.off('data', keep).off('end', end).off('close', breakOff);
    const keep = (chunk: Buffer) => {
      pipeline?.spend();
      pieces.add(chunk);
      if (pieces.size <= limit) return;
      stop();
      resolve(refuse(request, tooLarge(limit)));
    };
    const end = () => {
      stop();
      resolve(pieces.take());
    };
    const breakOff = () => reject(aborted());
    request.on('data', keep).on('end', end).on('close', breakOff);
  });
}

/** A body that is read bit by bit: what has come and was not taken is kept in one piece, and once it is much, no more is read. */
export class BodyReader {
  readonly #request: IncomingMessage;
  readonly #onNews: () => void;
  readonly #pieces = new Pieces();
  readonly #pipeline: Pipeline | undefined;
  #isHeld = false;

  /** `onNews` is called when more has come. */
  constructor(request: IncomingMessage, onNews: () => void) {
    this.#request = request;
    this.#onNews = onNews;
    this.#pipeline = pipelineForPieces(request);
    request.on('data', this.#keep);
  }

  /** What has come since the last time; undefined when nothing has. */
  take(): Buffer | undefined {
    const taken = this.#pieces.size > 0 ? this.#pieces.take() : undefined;
    this.#release();
    return taken;
  }

  /** Throws the rest away. */
  discard(): void {
    this.#request.off('data', this.#keep).resume();
    this.#release();
  }

  readonly #keep = (piece: Buffer): void => {
    this.#pipeline?.spend();
    this.#pieces.add(piece);
    if (!this.#isHeld && this.#pieces.size >= this.#request.readableHighWaterMark) {
      this.#isHeld = true;
      hold(this.#request.socket);
    }
    this.#onNews();
  };

  #release(): void {
    if (this.#isHeld) release(this.#request.socket);
    this.#isHeld = false;
  }
}

/** The pipeline to tell of each piece of a body in chunks. One with a Content-Length comes in as many pieces as there are reads. */
function pipelineForPieces(request: IncomingMessage): Pipeline | undefined {
  return request.headers['transfer-encoding'] === undefined ? undefined : pipelineOf(request.socket);
}

/** Node destroys such a connection right after the answer, and bytes still coming in would reset it away. */
function endsWithAnswer({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.0' || /\bclose\b/i.test(headers.connection ?? '');
}

/** Nobody is left to read it; it ends the request and is counted. */
function aborted(): Problem {
  return new Problem({ code: 'aborted', detail: 'the request ended before its body was complete' });
}
