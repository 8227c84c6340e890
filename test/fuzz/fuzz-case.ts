/** One input of the fuzzer. It follows from the seed and its number alone, so that it can be repeated. */
import { Random } from '../faults/random.ts';
import { deviceCase, handshakeCase } from './generate/devices.ts';
import { rawCase } from './generate/raw.ts';
import { requestCase } from './generate/requests.ts';

export const targets = ['device', 'callback', 'admin'] as const;

/** A listener of the pod. */
export type Target = (typeof targets)[number];

/** What is done with the TCP connection: bytes are sent, nothing happens for a while, this side ends it, or cuts it by a reset. */
export type Step = { send: Buffer } | { waitMs: number } | 'end' | 'reset';

export interface Input {
  target: Target;
  /** What kind of input it is, in a word. */
  kind: string;
  steps: Step[];
}

export interface FuzzCase extends Input {
  number: number;
}

/** How often each kind comes, of 100. */
const kinds: [number, (random: Random, number: number) => Input][] = [
  [35, deviceCase],
  [15, handshakeCase],
  [42, requestCase],
  [8, rawCase],
];

export function fuzzCase(seed: number, number: number): FuzzCase {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
  let left = random.between(0, 100);
  const [, make] = kinds.find(([share]) => (left -= share) < 0)!;
  return { number, ...make(random, number) };
}

/** Everything the case sends, in one piece. */
export function bytesOf({ steps }: Input): Buffer {
  return Buffer.concat(steps.flatMap((step) => (typeof step === 'object' && 'send' in step ? [step.send] : [])));
}
