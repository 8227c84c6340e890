import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';

/**
 * Reads a whole request body of at most `limit` bytes. A larger one is a 413 at once, and the rest is read and thrown away
 * so that a caller who is still sending gets the answer instead of a reset.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () =>
    new Problem({ status: 413, code: 'body-too-large', detail: `a body is at most ${limit} bytes` });
  if (Number(request.headers['content-length']) > limit) {
    request.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const keep = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= limit) return;
      request.off('data', keep);
      request.resume();
      reject(tooLarge());
    };
    request.on('data', keep);
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)));
    request.once('error', () => reject(aborted()));
    request.once('close', () => reject(aborted()));
  });
}

/** Nobody is left to read it; it ends the request and is counted. */
function aborted(): Problem {
  return new Problem({ status: 400, code: 'aborted', detail: 'the request ended before its body did' });
}
