import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I4: with Redis reachable every live connection is registered within a refresh and a second', () => {
  const bound = 2100; // a refresh, a second and the slack

  it('takes a connection that is registered just in time', () => {
    const story = new Story();
    story.stay({ registersAt: 1000 + bound });

    expect(story.outcome('I4')).toBe('kept');
    expect(story.check().verdicts[3]!.figures['registeredAfterMs']).toMatchObject({ count: 1, max: bound });
  });

  it('finds one that is registered too late', () => {
    const story = new Story();
    story.stay({ registersAt: 1001 + bound });

    expect(story.outcome('I4')).toEqual([
      expect.stringMatching(
        /^I4 lamp: connection trace-1 \(client 1\) at a was not registered for 2101 ms from .*01\.000Z/,
      ),
    ]);
  });

  it('finds one that is never registered, and that of another connection does not count', () => {
    const story = new Story();
    story.stay({ from: 500, to: 1500, deletes: false });
    story.stay({ podId: 'b', registersAt: undefined });

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/^I4 .* trace-2 .* was not registered for 19000 ms/)]);
  });

  it('finds one whose lease ends and is not renewed', () => {
    const story = new Story();
    story.stay({ refreshesUntil: 5500 });

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/was not registered for 11998 ms from .*08\.002Z on/)]);
  });

  it('finds one that is not written again after Redis has lost everything', () => {
    const story = new Story();
    story.stay();
    story.tell(5500, { type: 'redis.emptied', node: 'redis' });

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/was not registered for 14500 ms from .*05\.500Z on/)]);
  });

  it('counts neither while Redis is away, nor in the time after it that there is for registering again', () => {
    const story = new Story();
    story.stay({ registersAt: 4600 });
    story.outage(900, 4000);

    expect(story.outcome('I4')).toBe('kept');
    expect(story.check().verdicts[3]!.figures['registeredAfterMs']).toMatchObject({ count: 0 });
  });

  it('counts when Redis is away from another pod only', () => {
    const story = new Story();
    story.stay({ registersAt: 4600 });
    story.outage(900, 4000, ['b']);

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/not registered for 3600 ms/)]);
  });

  it('counts for one that was opened only after Redis was back', () => {
    const story = new Story();
    story.outage(500, 900);
    story.stay({ registersAt: 5000 });

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/not registered for 3500 ms/)]);
  });

  it('counts while Redis is away again and again, but not through it', () => {
    const story = new Story();
    story.stay({ registersAt: undefined, to: 8000 });
    for (const from of [2000, 4200, 6400]) story.outage(from, from + 100);

    expect(story.outcome('I4')).not.toContainEqual(expect.stringMatching(/^I4/));
  });

  it('does not count while the pod is frozen', () => {
    const story = new Story();
    story.stay({ registersAt: 7000 });
    story.freeze('a', 2000, 5000);

    expect(story.outcome('I4')).toBe('kept');
  });

  it('counts from the end of a freeze', () => {
    const story = new Story();
    story.stay({ registersAt: 7101 });
    story.freeze('a', 2000, 5000);
    story.tell(6000, { type: 'pod.signalled', podId: 'a', signal: 'SIGCONT' });

    expect(story.outcome('I4')).toEqual([expect.stringMatching(/not registered for 2101 ms from .*05\.000Z/)]);
  });

  it('does not count once a newer connection has taken over', () => {
    const story = new Story();
    story.stay({ to: 6000, refreshesUntil: 2500, code: 4509, by: 'peer', deletes: false });
    story.stay({ from: 5000, podId: 'b' });

    expect(story.outcome('I4')).toBe('kept');
  });

  it('does not count while a newer connection is open, registered or not', () => {
    const story = new Story();
    story.stay({ refreshesUntil: 2500 });
    for (const from of [6000, 7500, 9000, 10_500, 12_000, 13_500, 15_000, 16_500, 18_000]) {
      story.stay({ from, to: from + 1300, podId: 'b', registersAt: undefined });
    }

    expect(story.outcome('I4')).toBe('kept');
  });

  it('counts again when the newer connection is over', () => {
    const story = new Story();
    story.stay({ refreshesUntil: 2500 });
    story.stay({ from: 6000, to: 7000, podId: 'b' });

    expect(story.outcome('I4')).toEqual([
      expect.stringMatching(/trace-1 .* not registered for 13000 ms from .*07\.000Z/),
    ]);
  });

  it('takes the entry of one whose opening was not seen, by its t', () => {
    const story = new Story();
    story.stay({ registersAt: undefined, to: 6000 });
    const { t } = story.entry({ traceId: '', podId: '', t: 1_800_000_000_950 });
    for (const ms of [1000, 3000, 5000]) story.set(ms, 'lamp', story.entry({ traceId: 'unseen', podId: 'z', t }));

    expect(story.outcome('I4')).toBe('kept');
  });

  it('does not count after the entry was deleted, for then it is closing', () => {
    const story = new Story();
    story.stay({ to: 6000 });
    story.delete(5000, 'lamp', { traceId: 'trace-1' });

    expect(story.outcome('I4')).toBe('kept');
  });

  it.each([
    ['the device has closed', (story: Story) => story.stay({ to: 3000, registersAt: undefined })],
    [
      'the pod is killed',
      (story: Story) => {
        story.stay({ registersAt: undefined });
        story.kill('a', 3000);
      },
    ],
    [
      'the drain of its pod is over',
      (story: Story) => {
        story.stay({ registersAt: undefined });
        story.drain('a', 2000, 3002);
      },
    ],
    [
      'the pod has not seen it',
      (story: Story) => {
        story.stay({ registersAt: undefined });
        story.facts.splice(1, 1);
      },
    ],
    [
      'the pod has ended it, and was closing it before',
      (story: Story) => {
        story.tell(1000, { type: 'connection.opened', podId: 'a', deviceId: 'x', traceId: 'x', remotePort: 1 });
        story.tell(4100, { type: 'connection.ended', podId: 'a', deviceId: 'x', traceId: 'x', code: 1, reason: '' });
      },
    ],
  ])('does not count once %s', (_, tell) => {
    const story = new Story();
    tell(story);

    expect(story.outcome('I4')).toBe('undecided');
  });
});
