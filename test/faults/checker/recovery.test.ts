import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I11: after a Redis outage everybody is registered again in time', () => {
  /** Emptied at 4000, back at 6000. With 60 connections: 500 ms to notice, 600 to register all, 100 of slack. */
  const recovered = (lastAt: number | undefined, overrides: Parameters<Story['stay']>[0] = {}) => {
    const story = new Story();
    story.tell(4000, { type: 'redis.emptied', node: 'redis' });
    story.outage(4000, 6000);
    for (let number = 1; number <= 60; number += 1) {
      const deviceId = `device-${number}`;
      const { entry } = story.stay({ deviceId, refreshesUntil: 4000, ...(number === 60 ? overrides : {}) });
      const at = number === 60 ? lastAt : 6100;
      for (let ms = at ?? 20_000; ms < 20_000; ms += 1000) story.set(ms, deviceId, entry);
    }
    return story;
  };

  it('takes connections that are', () => {
    const story = recovered(7199);

    expect(story.outcome('I11')).toBe('kept');
    expect(recovered(7200).outcome('I11')).toBe('kept');
    expect(story.check().verdicts[10]!.figures['recoveredAfterMs']).toMatchObject({ count: 60, p50: 100, max: 1199 });
  });

  it('finds one that is not', () => {
    expect(recovered(7201).outcome('I11')).toEqual([
      'I11 1 of 60 connections of pod a were not registered 1200 ms after outage had ended, such as trace-60 (client 60) at a',
    ]);
    expect(recovered(undefined).outcome('I11')).toEqual([expect.stringMatching(/^I11 1 of 60 connections/)]);
  });

  it('counts those of each pod by themselves', () => {
    const story = recovered(7201, { podId: 'b' });

    expect(story.outcome('I11')).toEqual([
      'I11 1 of 1 connections of pod b were not registered 610 ms after outage had ended, such as trace-60 (client 60) at b',
    ]);
  });

  it('counts those that were opened while Redis was away', () => {
    const story = new Story();
    story.outage(4000, 6000);
    story.stay({ from: 5000, registersAt: 6611 });

    expect(story.outcome('I11')).toEqual([expect.stringMatching(/^I11 1 of 1 connections of pod a/)]);
  });

  it.each([
    ['ends before', recovered(undefined, { to: 7199 })],
    ['was opened only after the outage', recovered(7201, { from: 6001, registersAt: undefined })],
  ])('asks nothing of a connection that %s', (_, story) => {
    expect(story.outcome('I11')).toBe('kept');
  });

  it('asks nothing of a connection after which a newer one was opened', () => {
    const story = recovered(undefined, { to: 8250, deletes: false, code: 4509, by: 'peer' });
    story.stay({ deviceId: 'device-60', podId: 'b', from: 7200 });

    expect(story.outcome('I11')).toBe('kept');
  });

  it('asks nothing when what is found may have been gone', () => {
    const story = recovered(7300);
    const unseen = story.entry({ traceId: 'unseen', podId: 'z', t: 1 });
    story.set(4100, 'device-60', unseen);
    expect(story.outcome('I11')).toEqual([expect.stringMatching(/^I11 1 of 60/)]);

    story.prolong(7098, 'device-60');

    expect(story.outcome('I11')).toBe('kept');
  });

  it('asks nothing of a connection while there is still a newer one', () => {
    const story = recovered(8300, { refreshesUntil: 4000 });
    story.stay({ deviceId: 'device-60', podId: 'b', from: 5500, to: 6900, registersAt: undefined });

    expect(story.outcome('I11')).toBe('kept');
  });

  it('asks nothing of a connection its pod does not tell of', () => {
    const story = recovered(undefined);
    const index = story.facts.findIndex((fact) => fact.type === 'connection.opened' && fact.traceId === 'trace-60');
    story.facts.splice(index, 1);

    expect(story.outcome('I11')).toBe('kept');
  });

  it('does not decide when the pod is frozen, Redis goes away again, or the history ends', () => {
    const frozen = recovered(7201);
    frozen.freeze('a', 7000, 7201);
    const again = recovered(7201);
    again.outage(7100, 7150);
    const ended = recovered(7201);
    const kept = ended.facts.filter(({ at }) => at < 1_800_000_007_190);
    ended.facts.splice(0, ended.facts.length, ...kept);

    expect(frozen.outcome('I11')).toBe('kept');
    expect(again.outcome('I11')).toBe('kept');
    expect(ended.outcome('I11')).toBe('kept');
  });

  it('takes two faults at once for one outage', () => {
    const story = recovered(7701);
    story.outage(5000, 6500);

    expect(story.outcome('I11')).toEqual([expect.stringMatching(/^I11 1 of 60 .* 1200 ms after outage had ended/)]);
  });

  it('is not decided before Redis is back', () => {
    const story = new Story();
    story.stay({ refreshesUntil: 4000 });
    story.outage(4000, Infinity, ['a']);

    expect(story.check().verdicts[10]).toMatchObject({ decided: 1, undecided: 1, violations: [] });
  });
});
