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

  it('asks nothing of a device that is not there', () => {
    const story = new Story();
    story.stay({ to: 1400 });
    quiet(story, 1500);

    expect(story.outcome('I2')).toBe('undecided');
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
