import { Pieces } from './pieces.ts';

/** A line of the answer to a batch is never longer, bytes: a deviceId has at most 128. */
export const maxResultBytes = 1024;

/** Stands for a line that was too long, of which nothing was kept. */
export const tooLong = Symbol('too long');

/** A line without its end. */
export type Line = Buffer | typeof tooLong;

const lineFeed = 0x0a;
const empty = Buffer.alloc(0);

/** Cuts a stream of bytes into lines. However the bytes come, it keeps no more than one line of at most `limit` bytes. */
export class Lines {
  readonly #limit: number;
  /** What has come of the line that is not over yet. */
  readonly #begun = new Pieces();
  #isTooLong = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Is the line that is not over yet longer than the limit already? */
  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** The lines that end in this chunk. A line may be a piece of it, and keeps it alive. */
  *take(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      yield this.#finish(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came after the last line feed, if anything did. */
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
