import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import { Pieces } from './pieces.ts';
import { Problem } from './problem.ts';

/** How long the rest of a refused body is waited for when its connection ends with the answer, ms. */
const discardMs = 5000;

/**
 * Reads a whole request body of at most `limit` bytes. A larger one is a 413, and the rest is read and thrown away so that a
 * caller who is still sending gets the answer instead of a reset: at once on a connection that is kept, else when the body is over.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return Number(request.headers['content-length']) > limit ? refuse(request, limit) : collect(request, limit);
}

async function refuse(request: IncomingMessage, limit: number): Promise<never> {
  await discardBody(request);
  throw new Problem({ code: 'body-too-large', detail: `a body is at most ${limit} bytes` });
}

/** Throws the body away; on a connection that ends with the answer, waits for its end. */
export async function discardBody(request: IncomingMessage): Promise<void> {
  request.resume();
  if (endsWithAnswer(request)) await finished(request, { signal: AbortSignal.timeout(discardMs) }).catch(() => {}); // answered anyway
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    const stop = () => request.off('data', keep).off('end', end).off('close', breakOff);
    const keep = (chunk: Buffer) => {
      pieces.add(chunk);
      if (pieces.size <= limit) return;
      stop();
      resolve(refuse(request, limit));
    };
    const end = () => {
      stop();
      resolve(pieces.take());
    };
    const breakOff = () => reject(aborted());
    request.on('data', keep).on('end', end).on('close', breakOff);
  });
}

/** Node destroys such a connection right after the answer, and bytes still coming in would reset it away. */
function endsWithAnswer({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion === '1.0' || /\bclose\b/i.test(headers.connection ?? '');
}

/** Nobody is left to read it; it ends the request and is counted. */
function aborted(): Problem {
  return new Problem({ code: 'aborted', detail: 'the request ended before its body did' });
}
