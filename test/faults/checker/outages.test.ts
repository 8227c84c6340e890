import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

describe('I11: a Redis outage closes no socket', () => {
  /** Away from 4000 to 6000, with 600 ms for coming back. */
  const closedAt = (to: number, stay: Parameters<Story['stay']>[0] = {}) => {
    const story = new Story();
    story.stay({ to, code: 1011, by: 'peer', ...stay });
    story.outage(4000, 6000);
    return story;
  };

  it('takes connections that last', () => {
    const story = new Story();
    story.stay();
    story.outage(4000, 6000);

    expect(story.outcome('I11')).toBe('kept');
  });

  it('finds a connection that is closed during the outage, or in the time after it', () => {
    for (const to of [4000, 5000, 6600]) {
      expect(closedAt(to).outcome('I11')).toEqual([
        expect.stringMatching(/^I11 outage from .*04\.000Z on: 1 × closed with 1011, such as trace-1 .* of lamp/),
      ]);
    }
  });

  it('has nothing to say about one that is closed before or after', () => {
    const afterwards = closedAt(6650);

    expect(closedAt(3999).outcome('I11')).toBe('undecided');
    expect(afterwards.outcome('I11')).toBe('kept');
    expect(afterwards.check().closes).toMatchObject({ outage: [{ code: 1011, at: expect.any(Number) }] });
  });

  it('puts the connections of a pod that were closed in the same way into one sentence', () => {
    const story = new Story();
    for (const deviceId of ['x', 'y', 'z']) story.stay({ deviceId, to: 5000, code: 1006, by: 'peer' });
    story.stay({ deviceId: 'w', to: 5000, code: 1011, by: 'peer' });
    story.stay({ deviceId: 'v', podId: 'b', to: 5000, code: 1011, by: 'peer' });
    story.outage(4000, 6000);

    expect(story.outcome('I11')).toEqual([
      expect.stringMatching(/3 × closed with 1006/),
      expect.stringMatching(/1 × closed with 1011/),
      expect.stringMatching(/1 × closed with 1011/),
    ]);
  });

  it.each([
    ['the device has closed', closedAt(5000, { code: 1000, by: 'device' })],
    ['an operator has closed', closedAt(5000, { code: 4503 })],
  ])('takes a connection that %s', (_, story) => {
    expect(story.outcome('I11')).toBe('kept');
  });

  it('takes a connection that a newer one has superseded, and finds one where there is none', () => {
    const superseded = closedAt(5000, { code: 4509 });
    superseded.stay({ from: 5099 });
    const alone = closedAt(5000, { code: 4509 });
    alone.stay({ from: 5100 });

    expect(superseded.outcome('I11')).toBe('kept');
    expect(alone.outcome('I11')).toEqual([expect.stringMatching(/^I11 .* closed with 4509, such as trace-1/)]);
  });

  it('takes a newer connection that was registered first and so is superseded by the older', () => {
    const story = closedAt(6300, { code: 4509, from: 3000, registersAt: undefined, podId: 'b' });
    story.stay({ from: 2500, registersAt: 6200 });

    expect(story.outcome('I11')).toBe('kept');
    expect(story.check().inversions).toMatchObject([{ code: 4509, connection: { podId: 'b' } }]);
  });

  it('finds one that is superseded by the older without any fault, as by a clock that is ahead', () => {
    const story = new Story();
    story.stay({ from: 3000, to: 6300, code: 4509, by: 'peer', registersAt: undefined, podId: 'b' });
    story.stay({ from: 1000, registersAt: 1001 });
    const registered = story.facts.find((fact) => fact.type === 'redis.set');
    if (registered?.entry) registered.entry.t += 3_600_000;

    expect(story.check().inversions).toEqual([]);
    expect(Object.values(story.check().closes).flat()).toMatchObject([{ code: 4509, connection: { podId: 'b' } }]);
  });

  it('finds a newer connection that is superseded by an older one of a lower t, or of none', () => {
    const lower = closedAt(6300, { code: 4509, from: 3000, podId: 'b', deletes: false, refreshesUntil: 4000 });
    lower.stay({ from: 2500, registersAt: 2500, refreshesUntil: 2600 });
    const none = closedAt(6300, { code: 4509, from: 3000, podId: 'b' });
    none.stay({ from: 2500, registersAt: undefined });
    const later = closedAt(6300, { code: 4509, from: 3000, podId: 'b', registersAt: undefined });
    later.stay({ from: 2500, registersAt: 6301 });

    for (const story of [lower, none, later]) {
      expect(story.outcome('I11')).toContainEqual(expect.stringMatching(/^I11 .* closed with 4509, such as trace-1/));
      expect(story.check().inversions).toEqual([]);
    }
  });

  it('takes a connection that was opened at the same time as another', () => {
    const story = closedAt(5000, { code: 4509 });
    story.stay({ from: 900, podId: 'b', registersAt: undefined, to: 4000 });

    expect(story.outcome('I11')).toBe('kept');
  });

  it.each([
    ['was killed', 1006, (story: Story) => story.kill('a', 5100)],
    ['drained', 1012, (story: Story) => story.drain('a', 4900, 7000)],
    ['was over', 1006, (story: Story) => story.drain('a', 3500, 5102)],
    ['was cut off', 1006, (story: Story) => story.fault(5100, 5200, { closesSockets: true, pods: ['a'] })],
    ['was cut off a while ago', 1006, (story: Story) => story.fault(2000, 3000, { closesSockets: true, pods: ['a'] })],
  ])('takes a connection whose pod %s', (_, code, happen) => {
    const story = closedAt(5000, { code });
    happen(story);

    expect(story.outcome('I11')).toBe('kept');
  });

  it('takes a connection that its draining pod has cut, for the device did not answer the close', () => {
    const story = closedAt(5000, { code: 1006 });
    for (const fact of story.facts) if (fact.type === 'connection.ended') fact.code = 1012;
    story.drain('a', 4900, 7000);

    expect(story.outcome('I11')).toBe('kept');
  });

  it.each([
    ['was killed only later', 1006, (story: Story) => story.kill('a', 5101)],
    ['drained only later', 1012, (story: Story) => story.drain('a', 5101, 7000)],
    ['drained and closes with another code', 1011, (story: Story) => story.drain('a', 4900, 7000)],
    ['was not cut off', 1006, (story: Story) => story.fault(4900, 5200, { closesSockets: true, pods: ['b'] })],
    ['was cut off only later', 1006, (story: Story) => story.fault(5101, 5200, { closesSockets: true })],
    ['was cut off long ago', 1006, (story: Story) => story.fault(2000, 2999, { closesSockets: true })],
    ['has another fault', 1006, (story: Story) => story.fault(4000, 6000)],
  ])('finds a connection whose pod %s', (_, code, happen) => {
    const story = closedAt(5000, { code });
    happen(story);

    expect(story.outcome('I11')).toContainEqual(expect.stringMatching(`^I11 .* closed with ${code}`));
  });

  it('takes a device that reads nothing and is cut', () => {
    const silent = closedAt(5000, { code: 4408 });
    silent.tell(3000, { type: 'device.paused', conn: 1 });
    const broken = closedAt(5000, { code: 1011 });
    broken.tell(3000, { type: 'device.paused', conn: 1 });

    expect(silent.outcome('I11')).toBe('kept');
    expect(broken.outcome('I11')).toEqual([expect.stringMatching(/^I11/)]);
    expect(closedAt(5000, { code: 4408 }).outcome('I11')).toEqual([expect.stringMatching(/^I11/)]);
  });

  it('takes the pod’s word for the code when the device has not heard it', () => {
    const story = closedAt(5000, { code: 1006, deletes: false });
    story.stay({ from: 4500, podId: 'b' });
    for (const fact of story.facts) if (fact.type === 'connection.ended') fact.code = 4509;

    expect(story.outcome('I11')).toBe('kept');
  });
});
