import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I9: every accepted callback gets exactly one answer, and no frame comes twice', () => {
  const sent = (podId = 'a') => {
    const story = new Story();
    story.tell(5000, { type: 'callback.sent', id: 'x', deviceId: 'lamp', podId });
    return story;
  };
  const failed = (cause: 'connection' | 'timeout', happen: (story: Story) => void = () => {}) => {
    const story = sent();
    story.tell(6000, { type: 'callback.failed', id: 'x', cause });
    happen(story);
    return story;
  };

  it('takes one answer, whatever it is', () => {
    const story = sent();
    story.tell(5007, { type: 'callback.answered', id: 'x', status: 503, code: 'owner-unreachable' });

    expect(story.outcome('I9')).toBe('kept');
    expect(story.check().verdicts[8]!.figures['answeredAfterMs']).toMatchObject({ count: 1, max: 7 });
  });

  it('finds a callback that is never answered', () => {
    expect(sent().outcome('I9')).toEqual(['I9 callback x to lamp was never answered']);
  });

  it('does not decide about one sent at the very end', () => {
    const story = new Story();
    story.tell(19_900, { type: 'callback.sent', id: 'x', deviceId: 'lamp', podId: 'a' });

    expect(story.outcome('I9')).toBe('undecided');
  });

  it('finds a callback that is answered twice', () => {
    const story = sent();
    story.tell(5007, { type: 'callback.answered', id: 'x', status: 404 });
    story.tell(5008, { type: 'callback.failed', id: 'x', cause: 'connection' });

    expect(story.outcome('I9')).toEqual(['I9 callback x to lamp was answered 2 times']);
  });

  it('finds a frame that comes twice', () => {
    const story = new Story();
    const lamp = story.stay();
    story.callback(5000, lamp, { arrivesAt: [lamp.conn, lamp.conn] });

    expect(story.outcome('I9')).toEqual([
      expect.stringMatching(/^I9 callback .* to lamp came 2 times, last at .*05\.002Z/),
    ]);
  });

  it.each([
    ['connection', 'nothing happened', () => {}],
    ['timeout', 'nothing happened', () => {}],
    ['connection', 'another pod was killed', (story: Story) => story.kill('b', 5500)],
    ['connection', 'only Redis was away', (story: Story) => story.outage(5000, 6000)],
    [
      'connection',
      'only another pod was cut off',
      (story: Story) => story.fault(5000, 6000, { pods: ['b'], closesSockets: true }),
    ],
    ['connection', 'its pod drained after it had taken it', (story: Story) => story.drain('a', 5050, 5903)],
    ['connection', 'its pod was killed only later', (story: Story) => story.kill('a', 6101)],
    ['timeout', 'its pod was frozen long before', (story: Story) => story.freeze('a', 2000, 4899)],
    ['timeout', 'a fault came only later', (story: Story) => story.fault(6101, 7000)],
  ] as const)('finds a %s failure when %s', (cause, _, happen) => {
    const story = failed(cause, happen);

    expect(story.outcome('I9')).toEqual([
      expect.stringMatching(`^I9 callback x to lamp failed after 1000 ms \\(${cause}\\), though its pod was there`),
    ]);
  });

  it.each([
    ['connection', 'its pod was killed', (story: Story) => story.kill('a', 6100)],
    ['connection', 'its pod was gone before', (story: Story) => story.kill('a', 2000)],
    [
      'connection',
      'its pod was cut off',
      (story: Story) => story.fault(6100, 7000, { pods: ['a'], closesSockets: true }),
    ],
    ['connection', 'its pod was frozen', (story: Story) => story.freeze('a', 4000, 4900)],
    ['connection', 'the drain of its pod was over', (story: Story) => story.drain('a', 4000, 5102)],
    ['timeout', 'its pod was frozen', (story: Story) => story.freeze('a', 5500, 7000)],
    ['timeout', 'another pod was frozen', (story: Story) => story.freeze('b', 5500, 7000)],
    ['timeout', 'another pod was killed', (story: Story) => story.kill('b', 5500)],
    ['timeout', 'a fault was under way', (story: Story) => story.fault(4000, 4900)],
  ] as const)('takes a %s failure when %s', (cause, _, happen) => {
    const story = failed(cause, happen);

    expect(story.outcome('I9')).toBe('undecided');
  });
});
