import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/registry/registry.ts';
import { Story } from '../story.ts';
import { Replay } from './replay.ts';

const epoch = 1_800_000_000_000;

/** What lookups found at each of these times of the story, by traceId. */
function found(story: Story, times: number[], deviceId = 'lamp'): (string | undefined)[] {
  const replay = new Replay();
  for (const fact of story.facts.toSorted((a, b) => a.at - b.at)) replay.note(fact);
  return times.map((ms) => replay.timeline(deviceId).at(epoch + ms)?.entry.traceId);
}

const entryOf = (traceId: string, t = 1): Entry => new Story().entry({ traceId, podId: 'a', t });

describe('replay', () => {
  it('finds an entry from when it is written to the end of its lease', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'));

    expect(found(story, [999, 1000, 3999, 4000])).toEqual([undefined, 'x', 'x', undefined]);
  });

  it('prolongs the lease of whatever is there, and of nothing', () => {
    const story = new Story();
    story.prolong(500, 'lamp');
    story.set(1000, 'lamp', entryOf('x'));
    story.prolong(2000, 'lamp');
    story.prolong(6000, 'lamp');

    expect(found(story, [600, 4999, 5000, 6001])).toEqual([undefined, 'x', undefined, undefined]);
  });

  it('takes a lease that was prolonged at the very moment of its end', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'));
    story.prolong(4005, 'lamp');
    story.set(1000, 'door', entryOf('y'));
    story.prolong(4006, 'door');

    expect(found(story, [4006, 7004])).toEqual(['x', 'x']);
    expect(found(story, [4006, 7004], 'door')).toEqual([undefined, undefined]);
  });

  it('ends an entry that is deleted, overwritten, or lost with everything', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'));
    story.set(2000, 'lamp', entryOf('y', 2));
    story.delete(3000, 'lamp');
    story.set(4000, 'lamp', entryOf('z', 3));
    story.tell(5000, { type: 'redis.emptied', node: 'redis' });
    story.set(6000, 'lamp', entryOf('z', 3));
    story.set(7000, 'lamp', null);

    const times = [1999, 2000, 2999, 3000, 4000, 4999, 5000, 6999, 7000];
    expect(found(story, times)).toEqual(['x', 'y', 'y', undefined, 'z', 'z', undefined, 'z', undefined]);
  });

  it('keeps what never expires', () => {
    const story = new Story();
    const fact = { node: 'redis', deviceId: 'lamp', expiresAt: null, replicated: false };
    story.tell(1000, { type: 'redis.set', entry: entryOf('x'), ...fact });
    story.set(1000, 'door', entryOf('y'));
    story.tell(2000, { type: 'redis.prolonged', ...fact, deviceId: 'door' });

    expect(found(story, [1e9])).toEqual(['x']);
    expect(found(story, [1e9], 'door')).toEqual(['y']);
  });

  it('looks up at the node that clients use, and not at its replica', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'), 'primary');
    story.set(1500, 'lamp', entryOf('y', 2), 'replica', true);

    expect(found(story, [1600])).toEqual(['x']);
  });

  it('looks up at the replica, with what had reached it, once it was promoted', () => {
    const story = new Story();
    for (const [node, replicated] of [
      ['primary', false],
      ['replica', true],
    ] as const) {
      story.set(1000, 'lamp', entryOf('x'), node, replicated);
      if (!replicated) story.set(1010, 'door', entryOf('y'), node);
    }
    story.set(1900, 'lamp', entryOf('late', 2), 'primary');
    story.tell(2000, { type: 'redis.promoted', node: 'replica', instead: 'primary' });
    story.set(2500, 'lamp', entryOf('deposed', 3), 'primary');
    story.set(3000, 'lamp', entryOf('z', 4), 'replica');

    expect(found(story, [1999, 2000, 2600, 3000])).toEqual(['late', 'x', 'x', 'z']);
    expect(found(story, [1999, 2000], 'door')).toEqual(['y', undefined]);
  });

  it('gives each shard of a cluster a seat of its own', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'), 'one');
    story.set(1000, 'door', entryOf('y'), 'two');
    story.tell(2000, { type: 'redis.emptied', node: 'two' });
    story.tell(2100, { type: 'redis.promoted', node: 'three', instead: 'two' });

    expect(found(story, [2200])).toEqual(['x']);
    expect(found(story, [1999, 2000, 2200], 'door')).toEqual(['y', undefined, undefined]);
  });

  it('takes a snapshot for all that a node holds', () => {
    const story = new Story();
    const held = (deviceId: string, traceId: string) => ({
      deviceId,
      entry: entryOf(traceId),
      expiresAt: epoch + 9000,
    });
    story.set(1000, 'lamp', entryOf('x'));
    story.set(1000, 'door', entryOf('y'));
    story.tell(2000, { type: 'redis.snapshot', node: 'redis', entries: [held('lamp', 'z')] });

    expect(found(story, [1999, 2000, 8999, 9000])).toEqual(['x', 'z', 'z', undefined]);
    expect(found(story, [1999, 2000], 'door')).toEqual(['y', undefined]);
  });

  it('follows an entry whose slot moves to another node', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'), 'one');
    const moved = { deviceId: 'lamp', expiresAt: epoch + 5000 } as const;
    story.tell(2000, { type: 'redis.moved', node: 'two', ...moved, replicated: false });
    story.tell(2001, { type: 'redis.moved', node: 'three', ...moved, replicated: true });
    story.tell(3000, { type: 'redis.emptied', node: 'one' });
    story.tell(3500, { type: 'redis.promoted', node: 'three', instead: 'two' });

    expect(found(story, [1999, 2000, 3001, 3501, 4999, 5000])).toEqual(['x', 'x', 'x', 'x', 'x', undefined]);
  });

  it('knows nothing of an entry that came from nobody knows where', () => {
    const story = new Story();
    story.tell(2000, { type: 'redis.moved', node: 'two', deviceId: 'lamp', expiresAt: null, replicated: false });
    story.set(3000, 'lamp', entryOf('x'), 'two');

    expect(found(story, [2000, 3000])).toEqual([undefined, 'x']);
  });

  it('finds nothing in a node that takes over with what is too old', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x'), 'primary');
    story.set(1000, 'lamp', entryOf('x'), 'replica', true);
    story.prolong(3000, 'lamp', 'primary');
    story.tell(5000, { type: 'redis.promoted', node: 'replica', instead: 'primary' });

    expect(found(story, [3500, 4999, 5000])).toEqual(['x', 'x', undefined]);
  });

  it('takes what a snapshot found for what a promoted node answers with', () => {
    const story = new Story();
    const entries = [
      { deviceId: 'lamp', entry: entryOf('x'), expiresAt: null },
      { deviceId: 'door', entry: entryOf('y'), expiresAt: null },
    ];
    story.set(1000, 'lamp', entryOf('old'), 'primary');
    story.tell(1900, { type: 'redis.snapshot', node: 'replica', entries });
    story.tell(2000, { type: 'redis.promoted', node: 'replica', instead: 'primary' });

    expect(found(story, [1999, 2000])).toEqual(['old', 'x']);
    expect(found(story, [1999, 2000], 'door')).toEqual([undefined, 'y']);
  });

  it('follows one promotion after another, also of nodes that nobody had used', () => {
    const story = new Story();
    const entries = [{ deviceId: 'lamp', entry: entryOf('x'), expiresAt: null }];
    story.tell(1000, { type: 'redis.snapshot', node: 'two', entries });
    story.tell(1100, { type: 'redis.promoted', node: 'two', instead: 'one' });
    story.set(2000, 'lamp', entryOf('y', 2), 'two');
    story.tell(3000, { type: 'redis.promoted', node: 'three', instead: 'two' });
    story.set(3100, 'lamp', entryOf('z', 3), 'three');
    story.set(3200, 'lamp', entryOf('late', 4), 'two');

    expect(found(story, [1099, 1100, 2000, 3000, 3200])).toEqual([undefined, 'x', 'y', undefined, 'z']);
  });

  it('knows when an entry was deleted first', () => {
    const story = new Story();
    for (const ms of [1000, 3000]) {
      story.set(ms, 'lamp', entryOf('x'));
      story.delete(ms + 1000, 'lamp');
    }
    const replay = new Replay();
    for (const fact of story.facts.toSorted((a, b) => a.at - b.at)) replay.note(fact);

    expect(replay.deletedAt).toEqual(new Map([['x', epoch + 2000]]));
  });

  it('is certain of what a snapshot found', () => {
    const story = new Story();
    const entries = [{ deviceId: 'lamp', entry: entryOf('x'), expiresAt: null }];
    story.tell(1000, { type: 'redis.snapshot', node: 'redis', entries });
    story.delete(2000, 'lamp', { traceId: 'y' });

    expect(story.outcome('I1')).toEqual([expect.stringMatching(/^I1 .* was deleted by connection y/)]);
  });

  it('judges what a deposed node still carries out by what that node holds', () => {
    const story = new Story();
    story.set(1000, 'lamp', entryOf('x', 5), 'primary');
    story.tell(2000, { type: 'redis.promoted', node: 'replica', instead: 'primary' });
    story.set(2100, 'lamp', entryOf('y', 6), 'replica');
    story.set(2200, 'lamp', entryOf('x', 5), 'primary');

    expect(story.outcome('I1')).toBe('kept');
  });
});
