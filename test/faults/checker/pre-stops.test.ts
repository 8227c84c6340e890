import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I10: many /pre-stop are one drain', () => {
  const asked = (podId = 'a') => {
    const story = new Story();
    for (const call of [1, 2, 3]) story.tell(5000 + call, { type: 'pre-stop.asked', podId, call });
    story.drain(podId, 5001, 6000);
    return story;
  };
  const answer = (story: Story, call: number, body = '{"sweeps":3}', status = 200) => {
    story.tell(5990 + call, { type: 'pre-stop.answered', podId: 'a', call, status, body });
  };

  it('takes answers that are all the same', () => {
    const story = asked();
    for (const call of [1, 2, 3]) answer(story, call);

    expect(story.outcome('I10')).toBe('kept');
  });

  it('finds an answer that differs', () => {
    const story = asked();
    answer(story, 1);
    answer(story, 2, '{"sweeps":4}');
    answer(story, 3);

    expect(story.outcome('I10')).toEqual([
      'I10 pod a answered /pre-stop 2 with 200 {"sweeps":4}, and the first with {"sweeps":3}',
    ]);
  });

  it('finds an answer that is not 200', () => {
    const story = asked();
    for (const call of [1, 2, 3]) answer(story, call, 'no', 500);

    expect(story.outcome('I10')).toHaveLength(3);
  });

  it('finds a second drain', () => {
    const story = asked();
    for (const call of [1, 2, 3]) answer(story, call);
    story.tell(5500, { type: 'drain.began', podId: 'a' });

    expect(story.outcome('I10')).toEqual(['I10 pod a began to drain 2 times']);
  });

  it('finds a question that is left without an answer', () => {
    const story = asked();
    answer(story, 1);
    answer(story, 2);
    story.tell(6000, { type: 'pre-stop.failed', podId: 'a', call: 3, detail: 'ECONNRESET' });

    expect(story.outcome('I10')).toEqual(['I10 pod a left /pre-stop 3 without an answer']);
  });

  it('finds a question about which nothing more is said', () => {
    const story = asked();
    answer(story, 1);
    answer(story, 3);

    expect(story.outcome('I10')).toEqual(['I10 pod a left /pre-stop 2 without an answer']);
  });

  it('does not decide about a question at the very end, of a pod or of the history', () => {
    const late = new Story();
    late.drain('a', 5000, 6000);
    late.tell(5899, { type: 'pre-stop.asked', podId: 'a', call: 1 });
    late.tell(5910, { type: 'pre-stop.failed', podId: 'a', call: 1 });
    const open = new Story();
    open.tell(15_000, { type: 'pre-stop.asked', podId: 'a', call: 1 });

    expect(late.outcome('I10')).toBe('undecided');
    expect(open.outcome('I10')).toBe('undecided');
  });

  it.each([
    ['killed', (story: Story) => story.kill('a', 5500)],
    ['frozen', (story: Story) => story.freeze('a', 5500, 8000)],
    ['hit by a fault', (story: Story) => story.fault(5500, 5600, { pods: ['a'] })],
  ])('does not decide about a question to a pod that was %s', (_, harm) => {
    const story = new Story();
    story.tell(5000, { type: 'pre-stop.asked', podId: 'a', call: 1 });
    story.tell(9000, { type: 'pre-stop.failed', podId: 'a', call: 1 });
    harm(story);

    expect(story.outcome('I10')).toBe('undecided');
  });
});
