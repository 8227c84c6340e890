/** Buffers that were allocated here and have free room behind them. */
const growing = new WeakSet<Buffer>();

/** A piece is copied if it keeps more than about this many times its size in memory. */
const wasteFactor = 2;
const wasteBytes = 512;

/**
 * Joins the pieces to one, in the same array. Afterwards they use about as much memory as they contain bytes, for any number of pieces and
 * any size of the buffers that they are views of. The memory at least doubles when it grows, so a byte is copied about twice at most.
 */
export function joinPieces(pieces: Buffer[]): void {
  const [first] = pieces as [Buffer];
  if (pieces.length === 1 && (growing.has(first) || !isWasteful(first))) return;
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const joined = hasRoom(first, size) ? Buffer.from(first.buffer, first.byteOffset, size) : grow(first, size);
  let end = first.length;
  for (let index = 1; index < pieces.length; index += 1) {
    pieces[index]!.copy(joined, end);
    end += pieces[index]!.length;
  }
  growing.add(joined);
  pieces.length = 1;
  pieces[0] = joined;
}

function isWasteful({ buffer, length }: Buffer): boolean {
  return buffer.byteLength > wasteFactor * length + wasteBytes;
}

/** True if the piece was allocated here and has free room for `size` bytes. */
function hasRoom(first: Buffer, size: number): boolean {
  return growing.has(first) && first.byteOffset + size <= first.buffer.byteLength;
}

function grow(first: Buffer, size: number): Buffer {
  const isAlone = size === first.length;
  const grown = Buffer.allocUnsafeSlow(isAlone ? size : wasteFactor * size).subarray(0, size);
  first.copy(grown);
  return grown;
}
