import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I2: after quiet every live device has an entry, and it names its newest live connection', () => {
  const quiet = (story: Story, ms: number) => story.tell(ms, { type: 'quiet' });

  it('takes an entry that names the newest connection', () => {
    const story = new Story();
    story.stay({ to: 6000, code: 4509, by: 'peer', deletes: false });
    story.stay({ from: 5000, podId: 'b' });
    quiet(story, 5500);

    expect(story.outcome('I2')).toBe('kept');
  });

  it('finds a device without an entry', () => {
    const story = new Story();
    story.stay({ registersAt: 2100 });
    quiet(story, 1500);

    expect(story.outcome('I2', { settleMs: 599 })).toEqual([
      'I2 lamp: 599 ms after quiet there is no entry, but the newest live connection is trace-1 (client 1) at a',
    ]);
    expect(story.outcome('I2', { settleMs: 600 })).toBe('kept');
  });

  it('finds an entry that names an older connection', () => {
    const story = new Story();
    story.stay({ podId: 'a', from: 4000, registersAt: 5500, to: 8000 });
    story.stay({ podId: 'b', from: 5000, to: 6400, code: 4509, by: 'peer', deletes: false });
    quiet(story, 5100);

    expect(story.outcome('I2', { settleMs: 500, closeGraceMs: 200 })).toEqual([
      'I2 lamp: 500 ms after quiet the entry names trace-1 at a, but the newest live connection is trace-2 (client 2) at b',
    ]);
  });

  it('takes either of two connections that were opened at about the same time', () => {
    const story = new Story();
    story.stay({ podId: 'a', from: 4950, registersAt: 5500 });
    story.stay({ podId: 'b', from: 5000, to: 6400, code: 4509, by: 'peer', deletes: false });
    quiet(story, 5100);

    expect(story.outcome('I2', { settleMs: 500, closeGraceMs: 200 })).toBe('kept');
  });

  it.each([
    ['is opened only after the mark', (story: Story) => story.stay({ from: 1600, registersAt: 2200 })],
    ['is closing', (story: Story) => story.stay({ to: 3000, registersAt: 2150 })],
    [
      'was not seen by its pod',
      (story: Story) => {
        story.stay({ registersAt: 2150 });
        story.facts.splice(1, 1);
      },
    ],
    [
      'is hit by a new fault',
      (story: Story) => {
        story.stay({ registersAt: 2150 });
        story.fault(2000, 2050);
      },
    ],
  ])('does not decide about a device whose newest connection %s', (_, tell) => {
    const story = new Story();
    tell(story);
    quiet(story, 1500);

    expect(story.outcome('I2', { settleMs: 600 })).toBe('undecided');
  });

  it('gives a connection a refresh to find out that a newer one has been there and is gone', () => {
    const story = new Story();
    const { entry } = story.stay({ refreshesUntil: 3000 });
    story.stay({ from: 4000, to: 4100, podId: 'b' });
    quiet(story, 4200);
    quiet(story, 4900);
    for (let ms = 5900; ms < 20_000; ms += 1000) story.set(ms, 'lamp', entry);

    expect(story.outcome('I2', { settleMs: 600 })).toEqual([
      expect.stringMatching(/^I2 lamp: 600 ms after quiet there is no entry/),
    ]);
    expect(story.check({ settleMs: 600 }).verdicts[1]).toMatchObject({ decided: 1, undecided: 1 });
  });

  it('decides right after an outage, when the time for registering again is within the settle time', () => {
    const story = new Story();
    story.stay({ registersAt: 3400 });
    story.outage(900, 2900);
    quiet(story, 2900);

    expect(story.outcome('I2', { settleMs: 609 })).toBe('undecided');
    expect(story.outcome('I2', { settleMs: 610 })).toBe('kept');
  });

  it('does not decide when the history ends too early', () => {
    const story = new Story(3090);
    story.stay({ registersAt: 2150 });
    quiet(story, 1500);

    expect(story.outcome('I2', { settleMs: 600 })).toBe('undecided');
  });

  it('takes a device that is not there, and has no entry', () => {
    const story = new Story();
    story.stay({ to: 1400 });
    quiet(story, 1500);

    expect(story.outcome('I2')).toBe('kept');
  });

  /** Its entry stays. */
  const left = (until = 9000) => {
    const story = new Story();
    story.stay({ to: 1400, deletes: false });
    story.prolong(1390, 'lamp');
    quiet(story, until);
    return story;
  };

  it('finds the entry of a connection that has ended', () => {
    expect(left(1500).outcome('I2', { settleMs: 600 })).toEqual([
      'I2 lamp: 600 ms after quiet the entry still names trace-1 (client 1) at a, which has ended',
    ]);
    expect(left(4000).outcome('I2', { settleMs: 600 })).toBe('kept');
  });

  const writtenIn = (story: Story) => story.facts.find((fact) => fact.type === 'redis.set')!.entry!;

  it.each<[string, (story: Story) => void]>([
    ['whose pod was killed', (story) => story.kill('a', 1450)],
    ['whose pod cannot reach the registry', (story) => story.outage(1300, 1450, ['a'])],
    [
      'that a failover has brought back',
      (story) => {
        story.delete(1395, 'lamp', { traceId: 'trace-1', podId: 'a' });
        const entries = [{ deviceId: 'lamp', entry: writtenIn(story), expiresAt: null }];
        story.tell(1398, { type: 'redis.snapshot', node: 'redis', entries });
      },
    ],
    ['nobody knows', (story) => story.set(1450, 'lamp', story.entry({ traceId: 'x', podId: 'b', t: 9e12 }))],
    [
      'that ended only after the mark',
      (story) => story.stay({ from: 1410, to: 1600, deletes: false, refreshesUntil: 0 }),
    ],
  ])('does not decide about the entry of a connection %s', (_, happen) => {
    const story = left(1500);
    happen(story);

    expect(story.outcome('I2', { settleMs: 600 })).toBe('undecided');
  });

  it('finds an entry that was written again after its deletion', () => {
    const story = left(1600);
    const entry = writtenIn(story);
    story.delete(1450, 'lamp', { traceId: 'trace-1', podId: 'a' });
    story.set(1500, 'lamp', entry);

    expect(story.outcome('I2', { settleMs: 600 })).toEqual([expect.stringMatching(/still names trace-1/)]);
  });

  it('takes an older connection for the newest when the newer one is over', () => {
    const story = new Story();
    const { entry } = story.stay({ refreshesUntil: 2000 });
    story.stay({ from: 2000, to: 3000, podId: 'b' });
    for (let ms = 3200; ms < 20_000; ms += 1000) story.set(ms, 'lamp', entry);
    quiet(story, 6000);

    expect(story.outcome('I2')).toBe('kept');
  });

  it('decides at every mark', () => {
    const story = new Story();
    story.stay();
    for (const ms of [2000, 6000, 10_000]) quiet(story, ms);

    expect(story.check().verdicts[1]).toMatchObject({ invariant: 'I2', decided: 3 });
  });
});
