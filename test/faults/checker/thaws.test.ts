import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

/** The device goes to pod b while pod a stands still for longer than a lease. */
function gone({ from = 4000, to = 8000, hopsAt = 6000 } = {}) {
  const story = new Story();
  const lamp = story.stay({ to: 9000, code: 4509, by: 'peer', deletes: false, refreshesUntil: from });
  story.freeze('a', from, to);
  const newer = story.stay({ from: hopsAt, podId: 'b' });
  return { story, lamp, newer };
}

describe('I8: after a freeze no connection answers 200 while the registry names another one', () => {
  it('finds a 200 of a connection whose device has gone meanwhile', () => {
    const { story, lamp } = gone();
    story.callback(8010, lamp);

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(
        /^I8 .* to lamp was answered 200 for connection trace-1 \(client 1\) at a 13 ms after its pod had stood still for 4000 ms, while the registry named trace-2 at b$/,
      ),
    ]);
  });

  it('finds it also when the callback had waited for the thaw', () => {
    const { story, lamp } = gone();
    const id = story.callback(7000, lamp, { arrivesAt: [] });
    for (const fact of story.facts) if (fact.type === 'callback.answered' && fact.id === id) fact.at += 1000;
    story.tell(8001, { type: 'device.received', conn: lamp.conn, body: id });

    expect(story.outcome('I8')).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof gone>[0], number]>([
    ['the device has gone only after the thaw', { hopsAt: 8005 }, 8010],
    ['the freeze was shorter than the lease', { from: 5001 }, 8010],
    ['the answer came before the freeze', {}, 3990],
    ['the connection is that which the registry names', { hopsAt: 15_000 }, 8010],
  ])('takes a 200 when %s', (_, times, at) => {
    const { story, lamp } = gone(times);
    story.callback(at, lamp);

    expect(story.outcome('I8')).toBe('kept');
  });

  it('takes a 200 of the newer connection, and one of a callback sent before the freeze', () => {
    const { story, lamp, newer } = gone();
    story.callback(8010, newer);
    const id = story.callback(3999, lamp);
    for (const fact of story.facts) if (fact.type === 'callback.answered' && fact.id === id) fact.at += 4100;

    expect(story.outcome('I8')).toBe('kept');
  });

  it('does not decide when the pod may have asked another server', () => {
    const { story, lamp } = gone();
    story.outage(7500, 8005);
    story.callback(8010, lamp);

    expect(story.check().violations).toEqual([]);
  });
});
