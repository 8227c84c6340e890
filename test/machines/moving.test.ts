import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { ConnectionEvent } from '../../machines/connection.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { closedByPeer, restarting } from '../../machines/disconnect.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';

const registered: ConnectionEvent = { type: 'registry.registered' };
const failed: ConnectionEvent = { type: 'registry.failed' };
const superseded: ConnectionEvent = { type: 'connection.superseded' };
const unverified: ConnectionEvent = { type: 'pod.stalled' };
const unregistered: ConnectionEvent = { type: 'registry.unregistered' };
const idle: ConnectionEvent = { type: 'connection.idle' };
const settled: ConnectionEvent = { type: 'acks.settled' };
const overdue: ConnectionEvent = { type: 'peer.overdue' };
const gone: ConnectionEvent = { type: 'socket.closed', disconnect: closedByPeer(1001) };
const leave: ConnectionEvent = { type: 'leave', disconnect: restarting };

/** A connection that has heard `before`, and what it asked for so far. */
function connectionAfter(...before: ConnectionEvent[]) {
  const recorder = new ConnectionRecorder();
  const actor = createActor(connectionMachine, { input: { effects: recorder } }).start();
  for (const event of before) actor.send(event);
  return { actor, calls: recorder.calls };
}

describe('a connection whose device goes elsewhere', () => {
  test.each([
    ['all is acknowledged', settled],
    ['the time for that is over', overdue],
  ])('that is superseded is unregistered at once, and its socket closed when %s', (_, end) => {
    const { actor, calls } = connectionAfter(registered, superseded, unregistered, gone, unverified);
    const before = [...calls];

    actor.send(end);

    expect(before.slice(2)).toEqual(['unregister', 'settleAcks']);
    expect(calls.slice(4)).toEqual(['closeSocket superseded']);
  });

  test.each([
    ['registering', []],
    ['waiting', [failed]],
    ['active', [registered]],
    ['idle', [registered, idle]],
  ])('that shall leave, %s before, is open and trusted to the last', (_, before) => {
    const { actor, calls } = connectionAfter(...before, leave);

    expect([...actor.getSnapshot().tags].sort()).toEqual(['open', 'verified']);
    expect(calls.at(-1)).toBe('askToLeave restarting');
  });

  test('that shall leave and does not is closed', () => {
    const { calls } = connectionAfter(registered, leave, overdue, unregistered, gone);

    expect(calls.slice(2)).toEqual([
      'askToLeave restarting',
      'unregister',
      'closeSocket restarting',
      'ended restarting',
    ]);
  });

  test('that shall leave ends as superseded when its device has connected elsewhere', () => {
    const { calls } = connectionAfter(registered, leave, superseded, settled, gone);

    expect(calls.slice(-2)).toEqual(['closeSocket superseded', 'ended superseded']);
  });

  test('that shall leave is not given the time for that when it is in doubt, or gets into it', () => {
    const after = connectionAfter(registered, unverified, leave);
    const before = connectionAfter(registered, leave, unverified);

    expect(after.calls.slice(2)).toEqual(['unregister']);
    expect(before.calls.slice(3)).toEqual(['unregister']);
  });
});
