import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I6: no connection is accepted after its pod began to drain', () => {
  const drained = (overrides: Parameters<Story['stay']>[0] = {}) => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', ...overrides });
    story.drain('a', 5000, 7000);
    return story;
  };

  it('takes one that was accepted just before', () => {
    expect(drained({ from: 5000 }).outcome('I6')).toBe('kept');
  });

  it('finds one that was accepted after', () => {
    expect(drained({ from: 5001 }).outcome('I6')).toEqual([
      'I6 lamp: pod a accepted trace-1 (client 1) at a 1 ms after its drain had begun',
    ]);
  });

  it('finds one of which only the device tells', () => {
    const story = drained({ from: 5102 });
    story.facts.splice(1, 1);

    expect(story.outcome('I6')).toEqual([
      expect.stringMatching(/^I6 lamp: pod a accepted unknown traceId .* 103 ms after/),
    ]);
  });

  it('gives a device that dialled at about the same time the benefit of the doubt', () => {
    const story = drained({ from: 5101 });
    story.facts.splice(1, 1);

    expect(story.outcome('I6')).toBe('kept');
  });

  it('takes one at another pod', () => {
    expect(drained({ from: 5500, podId: 'b', code: 1000, by: 'device' }).outcome('I6')).toBe('kept');
  });
});
