/** I12: memory stays bounded. */
import { clock, Judge, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

const mebibyte = 1024 * 1024;

export function checkMemory({ pods, options }: World): Verdict {
  const judge = new Judge('I12');
  const bound = options.memoryBoundBytes;
  const peaks: number[] = [];
  for (const { podId, memory } of pods.all()) {
    const [first, ...others] = memory;
    if (!first) continue;
    let peak = first;
    for (const sample of others) if (sample.rssBytes > peak.rssBytes) peak = sample;
    peaks.push(peak.rssBytes);
    if (bound === undefined) {
      judge.pass();
      continue;
    }
    const held = `held ${mebibytes(peak.rssBytes)} at ${clock(peak.at)}`;
    const sentence = `pod ${podId} ${held}; the bound is ${mebibytes(bound)}`;
    judge.decide(peak.rssBytes > bound && { at: peak.at, sentence, facts: [first, peak] });
  }
  judge.figures['peakBytes'] = spread(peaks);
  return judge;
}

function mebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}
