/** The pieces that were allocated here, with room behind them for more. */
const growing = new WeakSet<Buffer>();

/** A piece may keep this many times its size in memory, and a little more, before it is copied. */
const wasteFactor = 2;
const wasteBytes = 512;

/**
 * Makes the pieces one, in the same array, so that what they cost in memory is about what they hold, however many there were and
 * however large the reads were that they are views of. Memory at least doubles when it grows: a byte is copied about twice at most.
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

/** Only what was allocated here, and was not cut since, has nothing else behind it. */
function hasRoom(first: Buffer, size: number): boolean {
  return growing.has(first) && first.byteOffset + size <= first.buffer.byteLength;
}

function grow(first: Buffer, size: number): Buffer {
  const isAlone = size === first.length;
  const grown = Buffer.allocUnsafeSlow(isAlone ? size : wasteFactor * size).subarray(0, size);
  first.copy(grown);
  return grown;
}
