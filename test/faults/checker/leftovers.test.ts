import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I3: of a pod that was killed no entry is left past the lease and a second', () => {
  const killed = (lastPersistMs: number) => {
    const story = new Story();
    story.stay({ to: 5003, code: 1006, by: 'peer', deletes: false });
    story.kill('a', 5000);
    story.prolong(lastPersistMs, 'lamp');
    return story;
  };

  it('takes entries that their leases end', () => {
    expect(killed(5002).outcome('I3')).toBe('kept');
    expect(killed(6005).outcome('I3')).toBe('kept');
  });

  it('finds an entry that somebody has prolonged', () => {
    expect(killed(6010).outcome('I3')).toEqual([
      expect.stringMatching(/^I3 .*an entry of pod a, connection trace-1, was there 4009 ms after its pod was gone/),
    ]);
  });

  it('finds an entry without a lease', () => {
    const story = new Story();
    const { entry } = story.stay({ to: 5003, code: 1006, by: 'peer', deletes: false, refreshesUntil: 0 });
    story.tell(4000, { type: 'redis.set', node: 'redis', deviceId: 'lamp', entry, expiresAt: null, replicated: false });
    story.kill('a', 5000);

    expect(story.outcome('I3')).toEqual([expect.stringMatching(/^I3 .*was there 14999 ms after its pod was gone/)]);
  });

  it('counts from the end of an outage, for Redis carries out late what a pod had sent', () => {
    const story = new Story();
    const { entry } = story.stay({ to: 5003, code: 1006, by: 'peer', deletes: false, refreshesUntil: 3500 });
    story.outage(4000, 8000);
    story.kill('a', 5000);
    story.set(8001, 'lamp', entry);

    expect(story.outcome('I3')).toBe('kept');
  });

  it.each([
    ['was over when the pod was killed', 3000, 4899],
    ['began only after the pod was killed', 5002, 8000],
  ])('does not wait for the end of an outage that %s', (_, from, to) => {
    const story = killed(6010);
    story.outage(from, to);

    expect(story.outcome('I3')).toEqual([expect.stringMatching(/^I3/)]);
  });

  it('waits for the end of an outage that was about over when the pod was killed', () => {
    const story = killed(6009);
    story.outage(3000, 4910);

    expect(story.outcome('I3')).toBe('kept');
  });

  it('gives Redis some time to carry out what was left', () => {
    const story = new Story();
    const { entry } = story.stay({ to: 5003, code: 1006, by: 'peer', deletes: false, refreshesUntil: 3500 });
    story.outage(4000, 8000);
    story.kill('a', 5000);
    story.set(9100, 'lamp', entry);
    const late = new Story();
    late.stay({ to: 5003, code: 1006, by: 'peer', deletes: false, refreshesUntil: 3500 });
    late.outage(4000, 8000);
    late.kill('a', 5000);
    late.set(9106, 'lamp', entry);

    expect(story.outcome('I3')).toBe('kept');
    expect(late.outcome('I3')).toEqual([expect.stringMatching(/^I3/)]);
    expect(late.check().violations[0]!.at).toBe(1_800_000_012_106);
  });

  it('leaves a pod that drained to the rule for drains', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 1012, by: 'peer', deletes: false });
    story.drain('a', 5000, 7000);
    for (const ms of [7500, 8500, 9500]) story.prolong(ms, 'lamp');

    expect(story.outcome('I3')).toEqual([expect.stringMatching(/^I7/)]);
  });

  it('does not count a lease that was prolonged at the moment of its end, and may have been over', () => {
    const story = killed(4000);
    story.prolong(8001, 'lamp');

    expect(story.outcome('I3')).toBe('kept');
  });

  it('does not decide before the time is over', () => {
    const story = new Story();
    story.stay({ to: 16_003, code: 1006, by: 'peer', deletes: false });
    story.kill('a', 16_000);

    expect(story.outcome('I3')).toBe('undecided');
  });
});
