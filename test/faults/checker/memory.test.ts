import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I12: memory stays bounded', () => {
  const samples = (...bytes: number[]) => {
    const story = new Story();
    for (const [index, rssBytes] of bytes.entries()) {
      story.tell(1000 * (index + 1), { type: 'pod.memory', podId: 'a', rssBytes });
    }
    return story;
  };

  it('takes what is within the bound', () => {
    const story = samples(50e6, 100e6, 60e6);

    expect(story.outcome('I12')).toBe('kept');
    expect(story.check().verdicts[11]!.figures['peakBytes']).toMatchObject({ count: 1, max: 100e6 });
  });

  it('finds the peak of a pod that passes it', () => {
    expect(samples(50e6, 110e6, 120e6, 60e6).outcome('I12')).toEqual([
      'I12 pod a held 114.4 MiB at 08:00:03.000Z; the bound is 95.4 MiB',
    ]);
    expect(samples(110e6).outcome('I12')).toHaveLength(1);
  });

  it('is not decided without a bound', () => {
    expect(samples(50e6).outcome('I12', { memoryBoundBytes: undefined })).toBe('undecided');
  });
});
