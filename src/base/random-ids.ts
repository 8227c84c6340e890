import { randomFillSync } from 'node:crypto';

const idBytes = 16;
const idsAtOnce = 256;

/** Draws ids that nobody can guess: 32 hex digits, 128 bits of a CSPRNG, drawn many at once because each draw has a price of its own. */
export function createRandomIds(): () => string {
  const pool = Buffer.alloc(idsAtOnce * idBytes);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += idBytes;
    return pool.toString('hex', used - idBytes, used);
  };
}
