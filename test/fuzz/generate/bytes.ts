/** What all generators make their inputs of. */
import type { Random } from '../../faults/random.ts';
import type { Step } from '../fuzz-case.ts';

/** A whole number from `least` to `most`, both included. */
export function integer(random: Random, least: number, most: number): number {
  return Math.floor(random.between(least, most + 1));
}

/** As `Random.pick`, of a list that is not empty. */
export function choose<T>(random: Random, list: readonly T[]): T {
  return list[integer(random, 0, list.length - 1)]!;
}

export function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += 1) bytes[at] = random.next() * 256;
  return bytes;
}

/** What programs often trip over. */
export const oddStrings = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  '18446744073709551616',
  'NaN',
  'null',
  'undefined',
  'true',
  '__proto__',
  'constructor',
  '.',
  '..',
  '../../etc/passwd',
  '%',
  '%00',
  '%zz',
  '%2e%2e',
  '%2f',
  '%ff%fe',
  '\u00e9',
  '𝄞',
  'a\tb',
  '"',
  "'",
  '<script>',
  '${x}',
  '{{x}}',
  '[',
  ']',
  'http://[',
  'x'.repeat(129),
  'x'.repeat(5000),
] as const;

type Mutation = (random: Random, bytes: Buffer) => Buffer;

const cutAt = (random: Random, bytes: Buffer) => integer(random, 0, bytes.length);

const mutations: Mutation[] = [
  function flipBits(random, bytes) {
    const copy = Buffer.from(bytes);
    for (let flips = integer(random, 1, 8); flips > 0 && copy.length > 0; flips -= 1) {
      copy[integer(random, 0, copy.length - 1)]! ^= 1 << integer(random, 0, 7);
    }
    return copy;
  },
  function truncate(random, bytes) {
    return bytes.subarray(0, cutAt(random, bytes));
  },
  function behead(random, bytes) {
    return bytes.subarray(cutAt(random, bytes));
  },
  function repeatSlice(random, bytes) {
    const from = cutAt(random, bytes);
    const slice = bytes.subarray(from, from + integer(random, 1, 64));
    const copies = Array.from({ length: integer(random, 1, 200) }, () => slice);
    return Buffer.concat([bytes.subarray(0, from), ...copies, bytes.subarray(from)]);
  },
  function insertBytes(random, bytes) {
    const at = cutAt(random, bytes);
    const odd = random.chance(0.5)
      ? Buffer.from(choose(random, oddStrings))
      : randomBytes(random, integer(random, 1, 32));
    return Buffer.concat([bytes.subarray(0, at), odd, bytes.subarray(at)]);
  },
  function removeSlice(random, bytes) {
    const at = cutAt(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + integer(random, 1, 32))]);
  },
  function swapLineEnds(random, bytes) {
    return Buffer.from(
      bytes.toString('latin1').replace(/\r\n/g, choose(random, ['\n', '\r', '\r\r\n', '\n\n'])),
      'latin1',
    );
  },
];

export function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let rounds = integer(random, 1, 3); rounds > 0; rounds -= 1) result = choose(random, mutations)(random, result);
  return result;
}

/** Sends the bytes in one piece, in several, or slowly; and then waits, ends the connection or resets it. */
export function delivery(random: Random, bytes: Buffer): Step[] {
  const steps: Step[] = [];
  let rest = bytes;
  const pieces = choose(random, [1, 1, 1, 2, 3, 8, 40]);
  for (let piece = 1; piece < pieces && rest.length > 1; piece += 1) {
    const size = integer(random, 1, Math.max(1, Math.floor((2 * rest.length) / (pieces - piece + 1))));
    steps.push({ send: rest.subarray(0, size) }, { waitMs: choose(random, [0, 0, 1, 5]) });
    rest = rest.subarray(size);
  }
  if (rest.length > 0) steps.push({ send: rest });
  if (random.chance(0.2)) steps.push('end');
  else if (random.chance(0.15)) steps.push({ waitMs: integer(random, 0, 10) }, 'reset');
  return steps;
}
