import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I1: an entry is deleted or overwritten only by its own connection, a newer one, or its lease', () => {
  it('takes a connection that deletes its own entry when it closes', () => {
    const story = new Story();
    story.stay({ to: 5000 });

    expect(story.outcome('I1')).toBe('kept');
  });

  it('finds an entry that another connection deletes', () => {
    const story = new Story();
    story.stay();
    story.delete(5000, 'lamp', { traceId: 'stranger', podId: 'a' });

    expect(story.outcome('I1')).toEqual([
      expect.stringMatching(/^I1 .*lamp: at .* the entry of trace-1 was deleted by connection stranger/),
    ]);
  });

  it('finds it also when the entry is that of a connection that is over', () => {
    const story = new Story();
    story.stay({ to: 4000, deletes: false });
    story.delete(5000, 'lamp', { traceId: 'stranger', podId: 'a' });

    expect(story.outcome('I1')).toEqual([expect.stringMatching(/^I1 .*by connection stranger/)]);
  });

  it('finds an entry that another pod deletes', () => {
    const story = new Story();
    story.stay({ to: 4000, deletes: false });
    story.delete(5000, 'lamp', { podId: 'b' });

    expect(story.outcome('I1')).toEqual([expect.stringMatching(/^I1 .*was deleted by pod b/)]);
  });

  it('finds an entry that somebody deletes while its connection lives on', () => {
    const story = new Story();
    story.stay({ to: 6101 });
    story.delete(5000, 'lamp');

    expect(story.outcome('I1')).toEqual([expect.stringMatching(/^I1 .*although that connection went on living/)]);
  });

  it('takes a deletion by somebody when the connection ends soon after', () => {
    const story = new Story();
    story.stay({ to: 6100 });
    story.delete(5000, 'lamp');

    expect(story.outcome('I1')).toBe('kept');
  });

  it('takes a deletion that comes late because Redis was away', () => {
    const story = new Story();
    const { entry } = story.stay({ to: 5000, deletes: false });
    story.outage(4500, 5500);
    story.delete(5500, 'lamp', { traceId: entry.traceId, podId: 'a' });

    expect(story.outcome('I1')).toBe('kept');
  });

  it('does not decide about a connection whose pod was frozen while it was closing', () => {
    const story = new Story();
    story.stay({ to: 9000, deletes: false, refreshesUntil: 5000 });
    story.freeze('a', 5500, 8500);
    story.delete(5000, 'lamp');

    const report = story.check();

    expect(report.violations).toEqual([]);
    expect(report.verdicts[0]).toMatchObject({ invariant: 'I1', decided: 1, undecided: 1 });
  });

  it('does not decide about a deletion so late that the end of the connection is not in the history', () => {
    const story = new Story();
    story.stay();
    story.delete(19_500, 'lamp');

    expect(story.check().verdicts[0]).toMatchObject({ decided: 1, undecided: 1, violations: [] });
  });

  it('does not decide about the deletion of what it does not know', () => {
    const story = new Story();
    story.delete(5000, 'lamp', { traceId: 'stranger' });
    story.set(6000, 'lamp', story.entry({ traceId: 'stranger', podId: 'b', t: 1 }));
    story.delete(9006, 'lamp', { traceId: 'another' }); // the lease was over
    story.set(10_000, 'lamp', null);
    story.delete(10_001, 'lamp', { traceId: 'another' });

    expect(story.check().verdicts[0]).toMatchObject({ decided: 2, undecided: 3, violations: [] });
  });

  it.each([
    ['older', -1],
    ['as old', 0],
  ])('finds an entry overwritten by a connection that is %s', (_, difference) => {
    const story = new Story();
    const newer = story.stay({ podId: 'b' });
    const older = story.entry({ traceId: 'older', podId: 'a', t: newer.entry.t + difference });
    story.set(5500, 'lamp', older);
    story.set(6000, 'lamp', { ...newer.entry, t: newer.entry.t + 1 });

    expect(story.outcome('I1')).toEqual([
      expect.stringMatching(/^I1 .*lamp: at .* connection older wrote its entry of t .* over that of trace-1/),
    ]);
  });

  it('takes a newer connection that overwrites, and one that writes its own entry again', () => {
    const story = new Story();
    const older = story.stay({ to: 5500, deletes: false, code: 4509, by: 'peer' });
    story.set(4000, 'lamp', older.entry);
    story.stay({ from: 5000, podId: 'b' });

    expect(story.outcome('I1')).toBe('kept');
  });

  it('takes an older connection that writes over an entry whose lease is over', () => {
    const story = new Story();
    story.set(1000, 'lamp', story.entry({ traceId: 'newer', podId: 'b', t: 9e12 }));
    story.set(3999, 'lamp', story.entry({ traceId: 'older', podId: 'a', t: 1 }));

    expect(story.outcome('I1')).toBe('kept');
  });

  it('takes what a replica repeats', () => {
    const story = new Story();
    story.stay();
    story.set(2000, 'lamp', story.entry({ traceId: 'trace-1', podId: 'a', t: 9e12 }), 'replica', true);
    story.tell(5000, {
      type: 'redis.deleted',
      node: 'replica',
      deviceId: 'lamp',
      by: { podId: 'b' },
      replicated: true,
    });

    expect(story.outcome('I1')).toBe('kept');
  });
});
