import { describe, expect, it } from 'vitest';
import type { LeaseEvent, LeaseState } from '../../src/registry/lease-state.ts';
import { newLease, nextLeaseState } from '../../src/registry/lease-state.ts';

function after(...events: LeaseEvent[]): LeaseState {
  return events.reduce(nextLeaseState, newLease);
}

describe('a lease', () => {
  it.each<[LeaseEvent[], LeaseState['command']]>([
    [['refresh'], 'claiming'],
    [['refresh', 'written', 'answered', 'refresh'], 'refreshing'],
    [['refresh', 'written', 'answered', 'refresh', 'missing'], 'claiming'],
    [['release'], 'finding'],
    [['release', 'found'], 'deleting'],
    [['refresh', 'written', 'answered', 'release'], 'deleting'],
    [['refresh', 'answered'], 'idle'],
  ])('after %j the command is %s', (events, command) => {
    expect(after(...events).command).toBe(command);
  });

  it.each<LeaseEvent>(['refresh', 'release', 'repair'])(
    'has one command under way: %s starts no other one',
    (event) => {
      expect(after('refresh', event).command).toBe('claiming');
    },
  );

  it('removes its entry after the command that was under way when it was released', () => {
    expect(after('refresh', 'written', 'release', 'answered', 'repair').command).toBe('deleting');
    expect(after('refresh', 'release', 'answered', 'repair').command).toBe('finding');
  });

  it('does not believe an answer after a stall, and believes the next one', () => {
    expect(after('refresh', 'stalled').answer).toBe('outdated');
    expect(after('refresh', 'stalled', 'answered').answer).toBe('current');
    expect(after('stalled').answer).toBe('current');
  });

  it('is the same object when nothing changes', () => {
    const busy = after('refresh');

    expect(nextLeaseState(busy, 'refresh')).toBe(busy);
  });
});
