import { describe, expect, it } from 'vitest';
import { Story } from '../story.ts';

/** Two devices at pod a. */
function twoDevices(overrides: Parameters<Story['stay']>[0] = {}) {
  const story = new Story();
  const lamp = story.stay(overrides);
  const door = story.stay({ deviceId: 'door' });
  return { story, lamp, door };
}

describe('I8: a 200 means the bytes went to exactly the device, and the connection, named', () => {
  it('takes a frame that comes where it should', () => {
    const { story, lamp } = twoDevices();
    story.callback(5000, lamp);
    story.callback(5100, lamp, { ifMatch: lamp.traceId });

    expect(story.outcome('I8')).toBe('kept');
    expect(story.check().losses).toEqual({ arrived: 2, broken: 0, unexcused: 0 });
  });

  it.each([200, 404])('finds a frame at another device, answered %d', (status) => {
    const { story, lamp, door } = twoDevices();
    story.callback(5000, lamp, { arrivesAt: [door.conn], answered: { status, traceId: undefined } });

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(/^I8 callback callback-.* to lamp: the frame came to device door$/),
    ]);
  });

  it('finds a frame at another connection than the answer names', () => {
    const { story, lamp } = twoDevices({ to: 6000, code: 4509, by: 'peer', deletes: false, refreshesUntil: 4900 });
    const newer = story.stay({ from: 5000, podId: 'b' });
    story.callback(5500, lamp, { arrivesAt: [newer.conn] });

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(/^I8 .*: the frame came to connection trace-3 \(client 3\) at b, not to trace-1/),
    ]);
  });

  it('finds a frame at another connection than If-Match asked for, whatever the answer', () => {
    const { story, lamp } = twoDevices();
    story.callback(5500, lamp, { ifMatch: 'another', answered: { status: 412, traceId: undefined } });

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(/^I8 .* came to connection trace-1 .*, not to another$/),
    ]);
  });

  it('finds a 200 for another connection than If-Match asked for', () => {
    const { story, lamp } = twoDevices({ to: 6000, code: 4509, by: 'peer', deletes: false, refreshesUntil: 4900 });
    const newer = story.stay({ from: 5000, podId: 'b' });
    story.callback(5500, newer, { ifMatch: newer.traceId, answered: { traceId: lamp.traceId, podId: 'a' } });

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(/^I8 .* with If-Match trace-3 was answered 200 for connection trace-1 at a$/),
    ]);
  });

  it('finds a 200 that names a connection of another device, or of another pod', () => {
    const { story, lamp, door } = twoDevices();
    story.callback(5000, lamp, { arrivesAt: [], answered: { traceId: door.traceId } });
    story.callback(6000, lamp, { answered: { podId: 'z' } });

    const outcome = story.outcome('I8');

    expect(outcome).toContainEqual(expect.stringMatching(/to lamp was answered 200 for connection trace-2 at a$/));
    expect(outcome).toContainEqual(expect.stringMatching(/to lamp was answered 200 for connection trace-1 at z$/));
    expect(outcome).not.toContainEqual(expect.stringMatching(/^I(?!8)/));
  });

  it('finds a frame that nobody has sent', () => {
    const { story, lamp } = twoDevices();
    story.tell(5000, { type: 'device.received', conn: lamp.conn, body: 'nonsense' });

    expect(story.outcome('I8')).toEqual(['I8 lamp got a frame nobody sent: nonsense']);
  });

  it('takes a frame without a 200', () => {
    const { story, lamp } = twoDevices();
    story.callback(5000, lamp, { answered: { status: 503, traceId: undefined } });

    expect(story.outcome('I8')).toBe('kept');
    expect(story.check().losses).toEqual({ arrived: 0, broken: 0, unexcused: 0 });
  });

  it('finds a frame that does not come', () => {
    const { story, lamp } = twoDevices();
    story.callback(5000, lamp, { arrivesAt: [] });

    expect(story.outcome('I8')).toEqual([
      expect.stringMatching(
        /^I8 callback .* to lamp was answered 200, but no frame came to trace-1 \(client 1\) at a$/,
      ),
    ]);
    expect(story.check().losses).toEqual({ arrived: 0, broken: 0, unexcused: 1 });
  });

  it('asks for nothing without a 200', () => {
    const { story, lamp } = twoDevices();
    story.callback(5000, lamp, { arrivesAt: [], answered: { status: 404, traceId: undefined } });

    expect(story.outcome('I8')).toBe('undecided');
  });

  /** A callback that is answered at 5003, and whose frame does not come. */
  const lost = (stay: Parameters<Story['stay']>[0] = {}, lastsMs = 20_000) => {
    const story = new Story(lastsMs);
    story.callback(5000, story.stay(stay), { arrivesAt: [] });
    return story;
  };
  const after = (story: Story, happen: (story: Story) => void) => {
    happen(story);
    return story;
  };

  it('finds a frame that does not come though the close frame after it does', () => {
    expect(lost({ to: 5010, code: 1012, by: 'peer' }).outcome('I8')).toEqual([expect.stringMatching(/no frame came/)]);
  });

  it.each([
    ['the connection breaks', (ms: number) => lost({ to: 5003 + ms, code: 1006, by: 'peer' })],
    ['the device leaves, which takes it some time', (ms: number) => lost({ to: 6003 + ms, code: 1000, by: 'device' })],
    ['the pod is killed', (ms: number) => after(lost({ refreshesUntil: 5000 }), (story) => story.kill('a', 5003 + ms))],
    ['the history ends', (ms: number) => lost({}, 5003 + ms)],
    ['a fault begins', (ms: number) => after(lost(), (story) => story.fault(5003 + ms, 20_000, { pods: ['a'] }))],
    [
      'the device reads no more',
      (ms: number) => after(lost(), (story) => story.tell(5003 + ms, { type: 'device.paused', conn: 1 })),
    ],
  ])('asks for a frame only when there is time for it until %s', (_, tell) => {
    expect(tell(100).check().losses).toEqual({ arrived: 0, broken: 1, unexcused: 0 });
    expect(tell(100).check().verdicts[7]).toMatchObject({ invariant: 'I8', violations: [] });
    expect(tell(101).outcome('I8')).toEqual([expect.stringMatching(/no frame came/)]);
    expect(tell(101).check().losses).toEqual({ arrived: 0, broken: 0, unexcused: 1 });
  });

  it('asks for no frame of a device that did not read when it was closed', () => {
    const story = lost({ to: 7000, code: 4509, by: 'peer' });
    story.tell(4000, { type: 'device.paused', conn: 1 });

    expect(story.check().losses.broken).toBe(1);
  });

  it('asks for a frame again once the device reads', () => {
    const story = lost();
    story.tell(4000, { type: 'device.paused', conn: 1 });
    story.tell(9000, { type: 'device.resumed', conn: 1 });

    expect(story.check().losses.unexcused).toBe(1);
  });

  it('does not decide about a connection the device does not tell of', () => {
    const story = lost();
    story.facts.splice(2, 1);

    expect(story.check().losses).toEqual({ arrived: 0, broken: 0, unexcused: 0 });
  });
});
