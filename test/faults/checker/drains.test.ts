import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I7: a drain ends within its budget with exit 0 and leaves no entry; nothing else ends a pod but a kill', () => {
  const drained = (to: number, code = 0) => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer' });
    story.drain('a', 5000, to, code);
    return story;
  };

  it('takes a drain that uses its budget up', () => {
    const story = drained(10_100);

    expect(story.outcome('I7')).toBe('kept');
    expect(story.check().verdicts[6]!.figures['drainMs']).toMatchObject({ count: 1, max: 5100 });
  });

  it('finds one that takes longer', () => {
    expect(drained(10_101).outcome('I7')).toEqual(['I7 the drain of pod a took 5101 ms; its budget is 5000 ms']);
  });

  it('finds one that does not end', () => {
    const story = new Story();
    story.tell(5000, { type: 'drain.began', podId: 'a' });

    expect(story.outcome('I7')).toEqual(['I7 the drain of pod a did not end; its budget is 5000 ms']);
  });

  it('finds one that ends with another exit code, or by a signal', () => {
    const crashed = new Story();
    crashed.tell(5000, { type: 'drain.began', podId: 'a' });
    crashed.tell(6000, { type: 'pod.exited', podId: 'a', code: null, signal: 'SIGSEGV' });

    expect(drained(7000, 1).outcome('I7')).toEqual(['I7 the drain of pod a ended with exit 1']);
    expect(crashed.outcome('I7')).toEqual(['I7 the drain of pod a ended with SIGSEGV']);
  });

  it('takes exit 1 when a second SIGTERM has forced the end', () => {
    const forced = drained(7000, 1);
    for (const ms of [5000, 6500]) forced.tell(ms, { type: 'pod.signalled', podId: 'a', signal: 'SIGTERM' });
    const asked = drained(7000, 1);
    asked.tell(5000, { type: 'pod.signalled', podId: 'a', signal: 'SIGTERM' });

    expect(forced.outcome('I7')).toBe('kept');
    expect(asked.outcome('I7')).toEqual(['I7 the drain of pod a ended with exit 1']);
  });

  it('does not decide about a pod that was killed or frozen while it drained', () => {
    const killed = new Story();
    killed.tell(5000, { type: 'drain.began', podId: 'a' });
    killed.kill('a', 6000);
    const frozen = drained(12_000, 1);
    frozen.freeze('a', 6000, 9000);

    expect(killed.outcome('I7')).toBe('undecided');
    expect(frozen.outcome('I7')).toBe('undecided');
  });

  it('decides about a pod that was frozen at another time', () => {
    const story = drained(7000, 1);
    story.freeze('a', 2000, 4000);

    expect(story.outcome('I7')).toEqual([expect.stringMatching(/exit 1/)]);
  });

  it('does not decide before the budget is over', () => {
    const story = new Story();
    story.tell(15_000, { type: 'drain.began', podId: 'a' });

    expect(story.outcome('I7')).toBe('undecided');
  });

  it('finds an entry that is left', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', deletes: false });
    story.drain('a', 5000, 7000);

    expect(story.outcome('I7')).toEqual(['I7 pod a drained and ended, and left the entry of connection trace-1']);
  });

  it('takes an entry that goes, or whose lease ends, together with the pod', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', deletes: false, refreshesUntil: 4500 });
    story.drain('a', 5000, 6902);

    expect(story.outcome('I7')).toBe('kept');
  });

  it('takes an entry that was there before, or that came up again only later', () => {
    const story = new Story();
    const { entry } = story.stay({ to: 6000, code: 1012, by: 'peer' });
    story.drain('a', 5000, 7000);
    story.set(7101, 'lamp', entry);

    expect(story.outcome('I7')).toBe('kept');
  });

  it('takes an entry that was left because Redis was away', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', deletes: false });
    story.outage(5500, 6500);
    story.drain('a', 5000, 7000);

    expect(story.outcome('I7')).toBe('kept');
  });

  it.each([
    ['just before the drain', 2000, 4300, []],
    ['well before the drain', 2000, 4280, [expect.stringMatching(/^I7 .* left the entry/)]],
    ['just after the end', 7100, 7200, []],
    ['well after the end', 7101, 7200, [expect.stringMatching(/^I7 .* left the entry/)]],
  ])('excuses a left entry by an outage %s only when it was near', (_, from, to, broken) => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', deletes: false });
    story.outage(from, to); // and 610 ms to recover
    story.drain('a', 5000, 7000);

    expect(story.check().violations.map(({ invariant, sentence }) => `${invariant} ${sentence}`)).toEqual(broken);
  });

  it('finds a pod that ends though nobody has killed or drained it', () => {
    const story = new Story();
    story.tell(5000, { type: 'pod.exited', podId: 'a', code: 1, signal: null });
    story.tell(6000, { type: 'pod.exited', podId: 'b', code: null, signal: 'SIGSEGV' });
    story.tell(7000, { type: 'pod.exited', podId: 'c', code: 0, signal: null });

    expect(story.outcome('I7')).toEqual([
      expect.stringMatching(/^I7 pod a ended with exit 1 at .*, though nobody killed or drained it/),
      expect.stringMatching(/^I7 pod b ended with SIGSEGV/),
      expect.stringMatching(/^I7 pod c ended with exit 0/),
    ]);
  });

  it('takes a pod that was killed', () => {
    const story = new Story();
    story.kill('a', 5000);

    expect(story.outcome('I7')).toBe('kept');
  });
});
