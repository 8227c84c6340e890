import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I5: after a takeover there is one live connection per device', () => {
  /** Another pod takes over at 5000. */
  const takeover = (until: number, older = {}, newer = {}) => {
    const story = new Story();
    story.stay({ to: until, code: 4509, by: 'peer', deletes: false, refreshesUntil: 5000, ...older });
    story.stay({ from: 5000, podId: 'b', ...newer });
    return story;
  };
  const bound = 1100; // a refresh and the slack

  it('takes an older connection that is closed by its next refresh', () => {
    const story = takeover(5002 + bound);

    expect(story.outcome('I5')).toBe('kept');
    expect(story.check().verdicts[4]!.figures).toMatchObject({
      overlapMs: { count: 1, max: 1101 },
      overlapInFaultsMs: { count: 0 },
    });
  });

  it('finds one that is not', () => {
    expect(takeover(5003 + bound).outcome('I5')).toEqual([
      expect.stringMatching(
        /^I5 lamp: connection trace-1 \(client 1\) at a was still open 1101 ms after a newer one had taken over at .*05\.002Z/,
      ),
    ]);
  });

  it('finds one that is never closed', () => {
    expect(takeover(Infinity).outcome('I5')).toEqual([expect.stringMatching(/was still open 14998 ms/)]);
  });

  it('finds one on the same pod, registered or not', () => {
    const story = takeover(6200, {}, { podId: 'a', registersAt: 6200 });

    expect(story.outcome('I5')).toEqual([expect.stringMatching(/was still open 1200 ms after .*05\.000Z/)]);
  });

  it('takes one on the same pod that is closed in time', () => {
    expect(takeover(6100, {}, { podId: 'a', registersAt: 6200 }).outcome('I5')).toBe('kept');
  });

  it('asks nothing of an older connection while the newer one is not registered', () => {
    expect(takeover(6900, {}, { registersAt: 6900 }).outcome('I5')).toBe('undecided');
  });

  it('asks nothing of one that has the higher t', () => {
    const story = new Story();
    story.stay({ registersAt: 2600 });
    story.stay({ from: 2000, to: 3500, podId: 'b', code: 4509, by: 'peer', deletes: false, refreshesUntil: 2600 });

    expect(story.outcome('I5')).toBe('kept');
  });

  it('gives an older device that does not read the time until it is cut', () => {
    const slow = takeover(5002 + bound + 1000);
    slow.tell(4000, { type: 'device.paused', conn: 1 });
    const tooSlow = takeover(5003 + bound + 1000);
    tooSlow.tell(4000, { type: 'device.paused', conn: 1 });

    expect(slow.outcome('I5')).toBe('kept');
    expect(tooSlow.outcome('I5')).toEqual([expect.stringMatching(/was still open 2101 ms/)]);
  });

  it('does not count while the older one’s pod has a fault, but again after it', () => {
    const during = takeover(7900);
    during.fault(5050, 7000, { pods: ['a'] });
    const after = takeover(8200);
    after.fault(5050, 7000, { pods: ['a'] });
    const elsewhere = takeover(7900);
    elsewhere.fault(5050, 7000, { pods: ['b'] });

    expect(during.outcome('I5')).toBe('kept');
    expect(during.check().verdicts[4]!.figures).toMatchObject({
      overlapMs: { count: 0 },
      overlapInFaultsMs: { max: 2899 },
    });
    expect(after.outcome('I5')).toEqual([expect.stringMatching(/was still open 1200 ms after .*07\.000Z/)]);
    expect(elsewhere.outcome('I5')).toEqual([expect.stringMatching(/was still open 2898 ms/)]);
    expect(elsewhere.check().verdicts[4]!.figures).toMatchObject({ overlapMs: { count: 0 } });
  });

  it('does not count while the older one’s pod is frozen, nor while Redis is away from it', () => {
    const frozen = takeover(7900);
    frozen.freeze('a', 5050, 7000);
    const apart = takeover(8200);
    apart.outage(5050, 6600, ['a']);

    expect(frozen.outcome('I5')).toBe('kept');
    expect(apart.outcome('I5')).toBe('kept');
  });

  it('does not decide about a takeover all of which was in a fault', () => {
    const story = takeover(7900);
    story.fault(4000, 9000);

    expect(story.outcome('I5')).toBe('undecided');
  });

  it('does not end by many short newer connections in a row', () => {
    const story = new Story();
    story.stay({ refreshesUntil: 5000 });
    for (const from of [5000, 5400, 5800, 6200, 6600]) {
      const to = from + 500;
      story.stay({ from, to, podId: from % 800 === 200 ? 'b' : 'c', deletes: false, refreshesUntil: 0, by: 'device' });
    }
    const [first] = story.outcome('I5') as string[];

    expect(first).toMatch(/^I5 .*trace-1 .* was still open/);
  });
});
