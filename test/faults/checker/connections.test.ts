import { describe, expect, it } from 'vitest';
import { Story, storyTimes } from '../story.ts';
import { completeOptions } from './options.ts';
import { worldOf } from './world.ts';

const epoch = 1_800_000_000_000;

describe('the two sides of a connection', () => {
  const opened = (story: Story, ms: number, conn: number, overrides = {}) => {
    const side = { conn, deviceId: 'lamp', podId: 'a', port: 4000, dialledAt: epoch + ms - 5, ...overrides };
    story.tell(ms, { type: 'device.opened', ...side });
  };
  const accepted = (story: Story, ms: number, traceId: string, overrides = {}) => {
    story.tell(ms, {
      type: 'connection.opened',
      podId: 'a',
      deviceId: 'lamp',
      traceId,
      remotePort: 4000,
      ...overrides,
    });
  };
  /** The traceId found for each client connection. */
  const joined = (story: Story) => {
    const facts = story.facts.toSorted((a, b) => a.at - b.at);
    const { connections } = worldOf(facts, completeOptions(storyTimes));
    return new Map([...connections.byConn].map(([conn, { traceId }]) => [conn, traceId]));
  };

  it('are found by pod, device and port, whichever comes first', () => {
    const story = new Story();
    opened(story, 1000, 1);
    accepted(story, 1001, 'x');
    accepted(story, 2000, 'y', { podId: 'b' });
    opened(story, 2001, 2, { podId: 'b' });
    opened(story, 1000, 3, { deviceId: 'door' });
    accepted(story, 1000, 'z', { deviceId: 'door' });
    opened(story, 1000, 4, { port: 4001 });

    expect(joined(story)).toEqual(
      new Map([
        [1, 'x'],
        [2, 'y'],
        [3, 'z'],
        [4, undefined],
      ]),
    );
  });

  it('are told apart when a port is used again', () => {
    const story = new Story();
    opened(story, 1000, 1);
    accepted(story, 1001, 'x');
    opened(story, 9000, 2);
    accepted(story, 9001, 'y');
    accepted(story, 20_000, 'unseen');

    expect(joined(story)).toEqual(
      new Map([
        [1, 'x'],
        [2, 'y'],
      ]),
    );
  });

  it('are not those of a device that dialled only later', () => {
    const story = new Story();
    accepted(story, 1000, 'x');
    opened(story, 1106, 1);

    expect(joined(story)).toEqual(new Map([[1, undefined]]));
  });
});

describe('a history that no correct recorder writes', () => {
  const closed = { type: 'device.closed', conn: 7, code: 1000, by: 'device' } as const;
  const opened = { type: 'device.opened', conn: 7, deviceId: 'x', podId: 'a', port: 1, dialledAt: 1 } as const;
  const sent = { type: 'callback.sent', id: 'x', deviceId: 'x', podId: 'a' } as const;
  const began = { type: 'fault.began', fault: 'f', name: 'f', registryDown: true, closesSockets: true } as const;

  it.each([
    ['device.closed of connection 7, which was never opened', [closed]],
    ['connection 7 was opened twice', [opened, opened]],
    [
      'a frame for connection 7, which was never opened',
      [sent, { type: 'device.received', conn: 7, body: 'x' } as const],
    ],
    ['callback x was sent twice', [sent, sent]],
    [
      'callback.answered of callback x, which was never sent',
      [{ type: 'callback.answered', id: 'x', status: 200 } as const],
    ],
    ['fault f began twice', [began, began]],
    ['fault f ended without having begun', [{ type: 'fault.ended', fault: 'f' } as const]],
  ])('is refused: %s', (message, facts) => {
    const story = new Story();
    for (const fact of facts) story.tell(1000, fact);

    expect(() => story.check()).toThrow(`history: ${message}`);
  });
});
