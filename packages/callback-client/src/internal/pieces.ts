const nothing = Buffer.alloc(0);

/**
 * Puts bytes together that come in pieces, such as the chunks of a body. However small the pieces are, it keeps at most about twice
 * the bytes that have come: a Buffer for each piece would cost some hundred bytes for a piece of one byte.
 */
export class Pieces {
  /** What has come: the first `#size` bytes. */
  #bytes: Buffer = nothing;
  #size = 0;

  /** How many bytes have come. */
  get size(): number {
    return this.#size;
  }

  /** Adds a piece. The piece must not be changed afterwards: a single one is not copied. */
  add(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (this.#size === 0 && ownsItsMemory(piece)) {
      this.#bytes = piece;
    } else {
      if (size > this.#bytes.length) this.#grow(size);
      piece.copy(this.#bytes, this.#size);
    }
    this.#size = size;
  }

  /** Everything that has come. Afterwards it is empty. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#size);
    this.#bytes = nothing;
    this.#size = 0;
    return taken;
  }

  /** At least to twice its size, so that bytes are not copied again at every piece. */
  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#size));
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
  }
}

/** A small part of a large chunk would keep the whole chunk in memory. */
function ownsItsMemory(piece: Buffer): boolean {
  return piece.buffer.byteLength <= 2 * piece.length;
}
