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
  /** What has come of the line that is not over yet: the first `#size` bytes. */
  #begun: Buffer = empty;
  #size = 0;
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
    return this.#size > 0 || this.#isTooLong ? [this.#finish(empty)] : [];
  }

  #finish(piece: Buffer): Line {
    const isWhole = this.#size === 0 && !this.#isTooLong && piece.length <= this.#limit;
    if (isWhole) return piece;
    this.#keep(piece);
    const line = this.#isTooLong ? tooLong : this.#begun.subarray(0, this.#size);
    this.#begun = empty;
    this.#size = 0;
    this.#isTooLong = false;
    return line;
  }

  #keep(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (this.#isTooLong || size > this.#limit) {
      this.#begun = empty;
      this.#size = 0;
      this.#isTooLong = true;
      return;
    }
    if (size > this.#begun.length) this.#grow(size);
    piece.copy(this.#begun, this.#size);
    this.#size = size;
  }

  /** At least to twice its size, so that a line that trickles in is not copied at every piece. */
  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(size, 2 * this.#begun.length)));
    this.#begun.copy(grown, 0, 0, this.#size);
    this.#begun = grown;
  }
}
