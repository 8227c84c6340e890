import type { Writable } from 'node:stream';

/** Writes this over and over, as fast as it is read, until the stream is cut. */
export function flood(stream: Writable, piece: string): void {
  const pieces = piece.repeat(Math.ceil(10_000 / piece.length));
  const go = () => {
    while (!stream.destroyed && stream.write(pieces));
  };
  stream.on('error', () => {}); // it is cut
  stream.on('drain', go);
  go();
}
