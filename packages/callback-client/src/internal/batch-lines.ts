import { Pieces } from './pieces.ts';

/** Longest line in the answer to a batch, bytes. A deviceId has at most 128 bytes. */
export const maxResultBytes = 1024;

/** Stands for a line that was too long. Its content was dropped. */
export const tooLong = Symbol('too long');

/** A line without its line feed. */
export type Line = Buffer | typeof tooLong;

const lineFeed = 0x0a;
const empty = Buffer.alloc(0);

/** Cuts a stream of bytes into lines. It never keeps more than one unfinished line of at most `limit` bytes. */
export class Lines {
  readonly #limit: number;
  /** The beginning of the unfinished line. */
  readonly #begun = new Pieces();
  #isTooLong = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Is the unfinished line already longer than the limit? */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** The lines that end in this chunk. A line can be a slice of the chunk, which keeps the chunk in memory. */
  *take(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      yield this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The unfinished line after the last line feed, or an empty list. */
  rest(): Line[] {
    return this.#begun.size > 0 || this.#isTooLong ? [this.#finish(empty)] : [];
  }

  #finish(piece: Buffer): Line {
    const isWhole = this.#begun.size === 0 && !this.#isTooLong && piece.length <= this.#limit;
    if (isWhole) return piece;
    this.#keep(piece);
    const line = this.#isTooLong ? tooLong : this.#begun.take();
    this.#isTooLong = false;
    return line;
  }

  #keep(piece: Buffer): void {
    this.#isTooLong ||= this.#begun.size + piece.length > this.#limit;
    if (this.#isTooLong) this.#begun.take();
    else this.#begun.add(piece);
  }
}
