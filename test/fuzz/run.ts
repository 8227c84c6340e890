import { setTimeout } from 'node:timers/promises';
import type { FuzzCase } from './fuzz-case.ts';
import { bytesOf, fuzzCase } from './fuzz-case.ts';
import { judge } from './judge.ts';
import { play } from './play.ts';
import { FuzzedPod } from './pod.ts';
import { patienceMs, Witness } from './witness.ts';

export interface FuzzOptions {
  seed: number;
  /** Devices and services have to show tokens. */
  withTokens: boolean;
}

export interface FuzzRun extends FuzzOptions {
  /** Asked before each round with the number of cases played so far. */
  goesOn: (played: number) => boolean;
}

export interface Failure {
  what: string;
  /** The cases that may have caused it; one, where it is known. */
  cases: FuzzCase[];
}

export interface FuzzResult {
  failure: Failure | undefined;
  cases: number;
  callbacks: number;
  /** The slowest callback to the witness, ms. */
  worstMs: number;
}

/** Cases that are played at the same time. */
const roundSize = 20;
/** By how much memory and descriptors may have grown in the end: what a pod keeps for reuse, and a few of its connections to nobody. */
const slack = { rssBytes: 160e6, descriptors: 20 };
const settleMs = 20_000;

/** Plays cases against a pod until one of them does harm, or `goesOn` says no. */
export async function fuzz({ seed, withTokens, goesOn }: FuzzRun): Promise<FuzzResult> {
  const stage = await Stage.open(withTokens);
  let failure: Failure | undefined;
  let played = 0;
  while (!failure && goesOn(played)) {
    const cases = Array.from({ length: roundSize }, (_, index) => fuzzCase(seed, played + index));
    failure = await stage.round(cases);
    played += cases.length;
  }
  failure ??= await stage.leftovers();
  const { callbacks, worstMs } = stage.witness;
  await stage.close();
  if (failure && failure.cases.length > 1) failure = await narrowed(failure, withTokens);
  return { failure, cases: played, callbacks, worstMs };
}

/** Plays one case alone. */
export async function fuzzOne({ seed, withTokens }: FuzzOptions, number: number): Promise<Failure | undefined> {
  return playAlone(fuzzCase(seed, number), withTokens);
}

async function playAlone(one: FuzzCase, withTokens: boolean): Promise<Failure | undefined> {
  const stage = await Stage.open(withTokens);
  const failure = (await stage.round([one])) ?? (await stage.leftovers());
  await stage.close();
  return failure;
}

/** Finds the one of several cases that does the harm alone, each with a pod of its own. Gives back the failure as it is if none does. */
async function narrowed(failure: Failure, withTokens: boolean): Promise<Failure> {
  for (const one of failure.cases) {
    const found = await playAlone(one, withTokens);
    if (found) return found;
  }
  return failure;
}

/** A pod, and its witness. */
class Stage {
  readonly pod: FuzzedPod;
  readonly witness: Witness;
  readonly #before: { rssBytes: number; descriptors: number };

  private constructor(pod: FuzzedPod, witness: Witness, before: { rssBytes: number; descriptors: number }) {
    this.pod = pod;
    this.witness = witness;
    this.#before = before;
  }

  static async open(withTokens: boolean): Promise<Stage> {
    const pod = await FuzzedPod.start(withTokens);
    const witness = await Witness.start(pod);
    return new Stage(pod, witness, await pod.held());
  }

  /** Plays these cases at the same time, and says what harm they did. */
  async round(cases: FuzzCase[]): Promise<Failure | undefined> {
    const replies = await Promise.all(cases.map((one) => play(one, this.pod.ports)));
    const verdicts = cases.map((one, index) => ({ one, what: judge(one, replies[index]!) }));
    const bad = verdicts.find(({ what }) => what !== undefined);
    if (bad) return { what: bad.what!, cases: [bad.one] };
    const live = await Promise.race([this.#isLive(), setTimeout(patienceMs, false, { ref: false })]);
    const what = this.pod.fault ?? this.witness.fault ?? (live ? undefined : '/livez did not answer 200');
    return what === undefined ? undefined : { what, cases };
  }

  /** What is still held when nobody but the witness is there any more. */
  async leftovers(): Promise<Failure | undefined> {
    const endsAt = performance.now() + settleMs;
    for (;;) {
      const { rssBytes, descriptors, connections } = await this.pod.held();
      const grown = {
        'bytes of memory': rssBytes - this.#before.rssBytes - slack.rssBytes,
        'file descriptors': descriptors - this.#before.descriptors - slack.descriptors,
        'connections of devices': connections - 1,
      };
      const kept = Object.entries(grown).filter(([, more]) => more > 0);
      if (kept.length === 0) return undefined;
      if (performance.now() > endsAt) {
        return {
          what: `in the end too much is held: ${kept.map(([what, more]) => `${more} ${what}`).join(', ')}`,
          cases: [],
        };
      }
      await setTimeout(100);
    }
  }

  async close(): Promise<void> {
    this.witness.leave();
    await this.pod.stop();
  }

  #isLive(): Promise<boolean> {
    return this.pod.isLive().catch(() => false);
  }
}

/** Of a long input only the beginning is shown; `--case` repeats all of it. */
const shownBytes = 1000;

/** What to tell of a failure, and how to repeat it. */
export function failureText({ what, cases }: Failure, { seed, withTokens }: FuzzOptions): string {
  const command = ({ number }: FuzzCase) =>
    `npm run test:fuzz -- --seed ${seed} --case ${number}${withTokens ? ' --tokens' : ''}`;
  const told = `FAILED with seed ${seed}: ${what}`;
  const [first, ...others] = cases;
  if (!first) return told;
  if (others.length > 0)
    return `${told}\none of the cases ${first.number} to ${others.at(-1)!.number}, but none of them alone`;
  const bytes = bytesOf(first);
  const shown = bytes.subarray(0, shownBytes).toString('hex');
  return [
    told,
    `case ${first.number} (${first.kind}, ${first.target} port), repeat it with: ${command(first)}`,
    `${bytes.length} bytes: ${shown}${bytes.length > shownBytes ? '…' : ''}`,
  ].join('\n');
}
