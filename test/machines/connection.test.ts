import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { ConnectionEvent } from '../../machines/connection.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { closedByPeer, kicked, protocolError, restarting } from '../../machines/disconnect.ts';
import { testEveryPath } from '../support/chart-tests.ts';
import { connectionChart } from '../../src/testing/charts.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';

const registered: ConnectionEvent = { type: 'registry.registered' };
const failed: ConnectionEvent = { type: 'registry.failed' };
const refused: ConnectionEvent = { type: 'registry.refused' };
const superseded: ConnectionEvent = { type: 'connection.superseded' };
const unverified: ConnectionEvent = { type: 'pod.stalled' };
const unregistered: ConnectionEvent = { type: 'registry.unregistered' };
const unregisterFailed: ConnectionEvent = { type: 'registry.unregisterFailed' };
const idle: ConnectionEvent = { type: 'connection.idle' };
const active: ConnectionEvent = { type: 'connection.active' };
const silent: ConnectionEvent = { type: 'peer.silent' };
const flooding: ConnectionEvent = { type: 'peer.flooding' };
const slow: ConnectionEvent = { type: 'reader.slow' };
const expired: ConnectionEvent = { type: 'token.expired' };
const settled: ConnectionEvent = { type: 'acks.settled' };
const overdue: ConnectionEvent = { type: 'peer.overdue' };
const broken: ConnectionEvent = { type: 'socket.failed', disconnect: protocolError };
const gone: ConnectionEvent = { type: 'socket.closed', disconnect: closedByPeer(1001) };
const close: ConnectionEvent = { type: 'close', disconnect: restarting };

/** A connection that has heard `before`, and what it asked for so far. */
function connectionAfter(...before: ConnectionEvent[]) {
  const recorder = new ConnectionRecorder();
  const actor = createActor(connectionMachine, { input: { effects: recorder } }).start();
  for (const event of before) actor.send(event);
  return { actor, calls: recorder.calls };
}

describe('every path through the chart of a connection', () => {
  const chart = connectionChart();

  testEveryPath(chart);

  test('there are 419: the start, and 19 events in each of 22 states that are not final', () => {
    const { size, paths } = chart;

    // registering, waiting, active, idle, unverified, leaving; then unregistering (or settling, where the cause is a newer connection),
    // disconnecting and unregistered for each of 8 causes
    expect(size).toBe(6 + 3 * 8);
    expect(paths).toHaveLength(1 + 19 * (6 + 2 * 8));
  });

  test('says of every event what becomes of it', () => {
    const unsaid = chart.pathsTo('unsaid');

    expect(unsaid).toEqual([]);
  });

  test('ignores on purpose what means nothing to it', () => {
    const ignoring = chart.pathsTo('ignored');

    // of the 418 events 100 are heard: while open 8 causes; but in leaving the order to leave, but in doubt a doubt; one step on, and
    // while registering also a failure; a refusal while registering and while registered; while closing either answer of the registry, or the last acknowledgement or the end of the
    // time for it, and then the end of the socket or a cut
    expect(ignoring).toHaveLength(418 - 6 * 8 - 5 - 5 - 6 - 1 - 3 - 8 * (2 + 2));
  });

  test('asks for register, unregister, closeSocket and ended once each, in this order, however far it comes', () => {
    const order = ['register', 'unregister', 'closeSocket', 'ended'];

    for (const path of chart.paths) {
      const effects = chart.replay(path).calls.map((call) => call.split(' ')[0]!);
      const lifeline = effects.filter((effect) => order.includes(effect));
      expect(lifeline).toEqual(order.slice(0, lifeline.length));
    }
  });

  test('says welcome once, as soon as it knows whether it is registered, unless it ends before', () => {
    const answers = new Set(['registry.registered', 'registry.failed', 'registry.refused', 'pod.stalled']);
    const steps = new Set([
      ...answers,
      'connection.idle',
      'connection.active',
      'peer.overdue',
      'registry.unregistered',
    ]);

    for (const path of chart.paths) {
      const { calls } = chart.replay(path);
      const types = path.events.map(({ type }) => type);
      const end = types.findIndex((type) => !steps.has(type) && type !== 'registry.unregisterFailed');
      const known = types.slice(0, end < 0 ? undefined : end).some((type) => answers.has(type));
      expect(calls.filter((call) => call.startsWith('welcome'))).toHaveLength(known ? 1 : 0);
    }
  });

  test('is over exactly when it has reported the end', () => {
    for (const path of chart.paths) {
      const { snapshot, calls } = chart.replay(path);
      expect(snapshot.status === 'done').toBe(calls.some((call) => call.startsWith('ended')));
    }
  });

  test('is never open again once it has asked to be unregistered', () => {
    for (const path of chart.paths) {
      const { snapshot, calls } = chart.replay(path);
      expect(snapshot.hasTag('open')).toBe(!calls.includes('unregister'));
    }
  });
});

describe('a connection', () => {
  test('lives from register to unregister, closed socket and reported end', () => {
    const { calls, actor } = connectionAfter(registered, idle, active, close, unregistered, gone);

    expect(calls).toEqual([
      'register',
      'welcome registered',
      'unregister',
      'closeSocket restarting',
      'ended restarting',
    ]);
    expect(actor.getSnapshot().status).toBe('done');
  });

  test('is open but neither active nor idle while it registers', () => {
    const { actor } = connectionAfter();

    expect([...actor.getSnapshot().tags].sort()).toEqual(['open', 'staying', 'verified']);
  });

  test('is active once registered, idle when nothing came, and active again', () => {
    const { actor } = connectionAfter(registered);
    const tags = [[...actor.getSnapshot().tags]];

    for (const event of [idle, active]) {
      actor.send(event);
      tags.push([...actor.getSnapshot().tags]);
    }

    expect(tags.map((set) => set.sort())).toEqual([
      ['active', 'open', 'registered', 'staying', 'verified'],
      ['idle', 'open', 'registered', 'staying', 'verified'],
      ['active', 'open', 'registered', 'staying', 'verified'],
    ]);
  });

  test('has no tag at all once it is closing', () => {
    const { actor } = connectionAfter(registered, idle, close);

    expect([...actor.getSnapshot().tags]).toEqual([]);
  });

  test('goes on connecting when the registry fails, and registers by a later refresh', () => {
    const { actor, calls } = connectionAfter(failed);
    const before = actor.getSnapshot().value;

    actor.send(registered);

    expect(before).toEqual({ connecting: 'waiting' });
    expect(actor.getSnapshot().value).toEqual({ registered: 'active' });
    expect(calls).toEqual(['register', 'welcome unregistered']);
  });

  test.each([
    ['registering', [], ['register', 'welcome unregistered']],
    ['active', [registered], ['register', 'welcome registered']],
    ['idle', [registered, idle], ['register', 'welcome registered']],
  ])(
    'counts as unregistered when the registry refuses, %s before, until it is registered again',
    (_, before, asked) => {
      const { actor, calls } = connectionAfter(...before, refused);
      const refusedState = actor.getSnapshot();

      actor.send(refused);
      const still = actor.getSnapshot().value;
      actor.send(registered);

      expect(refusedState.value).toEqual({ connecting: 'waiting' });
      expect([...refusedState.tags].sort()).toEqual(['open', 'staying', 'verified']);
      expect(still).toEqual({ connecting: 'waiting' });
      expect(actor.getSnapshot().value).toEqual({ registered: 'active' });
      expect(calls).toEqual(asked);
    },
  );

  test.each([
    ['in doubt', [registered, unverified], 'unverified'],
    ['leaving', [registered, { type: 'leave', disconnect: restarting }], 'leaving'],
    ['closing', [registered, close], { closing: 'unregistering' }],
  ] as [string, ConnectionEvent[], unknown][])('stays %s when a refresh is refused', (_, before, state) => {
    const { actor } = connectionAfter(...before, refused);

    expect(actor.getSnapshot().value).toEqual(state);
  });

  test('stays idle when a refresh writes its entry again or fails', () => {
    const { actor } = connectionAfter(registered, idle, registered, failed);

    expect(actor.getSnapshot().value).toEqual({ registered: 'idle' });
  });

  test.each([
    ['registering', [], ['register', 'welcome unregistered']],
    ['waiting', [failed], ['register', 'welcome unregistered']],
    ['active', [registered], ['register', 'welcome registered']],
    ['idle', [registered, idle], ['register', 'welcome registered']],
  ])('in doubt, %s before, stays open and asks for nothing more, but is not trusted', (_, before, asked) => {
    const { actor, calls } = connectionAfter(...before, unverified);

    expect(actor.getSnapshot().value).toBe('unverified');
    expect([...actor.getSnapshot().tags].sort()).toEqual(['open', 'staying']);
    expect(calls).toEqual(asked);
  });

  test('is trusted again, and active, once the registry has said that it is still registered', () => {
    const { actor } = connectionAfter(registered, idle, unverified, registered);

    expect(actor.getSnapshot().value).toEqual({ registered: 'active' });
    expect(actor.getSnapshot().hasTag('verified')).toBe(true);
  });

  test('stays in doubt while the registry fails, whatever the device does, and however often it is unverified', () => {
    const { actor } = connectionAfter(registered, unverified, failed, active, idle, unverified);

    expect(actor.getSnapshot().value).toBe('unverified');
  });

  test('in doubt ends as superseded when there is a newer one', () => {
    const { calls } = connectionAfter(registered, unverified, superseded, settled, gone);

    expect(calls.slice(2)).toEqual(['unregister', 'settleAcks', 'closeSocket superseded', 'ended superseded']);
  });

  test('does not come to life again by a doubt while it closes', () => {
    const { actor, calls } = connectionAfter(registered, close, unverified, registered, unregistered, unverified);

    expect(actor.getSnapshot().value).toEqual({ closing: 'disconnecting' });
    expect(calls.slice(2)).toEqual(['unregister', 'closeSocket restarting']);
  });

  test('does not touch the socket before the registry has answered, even if the peer leaves meanwhile', () => {
    const { actor, calls } = connectionAfter(registered, close, gone);
    const before = [...calls];

    actor.send(unregistered);

    expect(before.slice(2)).toEqual(['unregister']);
    expect(calls.at(-1)).toBe('closeSocket restarting');
  });

  test('closes its socket all the same when the registry cannot unregister it', () => {
    const { calls } = connectionAfter(registered, close, unregisterFailed);

    expect(calls.slice(2)).toEqual(['unregister', 'closeSocket restarting']);
  });

  test('does not take the late failure of a refresh for the answer to its unregistration', () => {
    const { calls } = connectionAfter(registered, close, failed);

    expect(calls.slice(2)).toEqual(['unregister']);
  });

  test('is unregistered also when the peer leaves while it registers', () => {
    const { calls } = connectionAfter(gone, unregistered, gone);

    expect(calls).toEqual(['register', 'unregister', 'closeSocket peer', 'ended peer']);
  });

  test('does not come to life by an answer to register that is late', () => {
    const { actor } = connectionAfter(gone, registered);

    expect(actor.getSnapshot().value).toEqual({ closing: 'unregistering' });
  });

  test.each([
    ['an order to close', close, 'restarting'],
    ['a broken socket', broken, 'protocol-error'],
    ['a peer that leaves', gone, 'peer'],
    ['a silent peer', silent, 'silent'],
    ['a peer that sends too much', flooding, 'flood'],
    ['a peer that reads too slowly', slow, 'slow-reader'],
    ['the end of its token', expired, 'token-expired'],
    ['a newer connection of the device', superseded, 'superseded'],
  ])('ends by %s, and that first cause counts whatever comes after', (_, cause, reason) => {
    const kick: ConnectionEvent = { type: 'close', disconnect: kicked };
    const later = [kick, broken, silent, flooding, slow, expired, superseded];

    const { calls } = connectionAfter(registered, cause, ...later, unregistered, settled, ...later, gone);

    expect(calls.slice(-2)).toEqual([`closeSocket ${reason}`, `ended ${reason}`]);
  });

  test('cuts the socket, and then waits for it, when the close is overdue', () => {
    const { actor, calls } = connectionAfter(registered, close, unregistered, overdue);
    const cut = calls.at(-1);

    actor.send(gone);

    expect(cut).toBe('terminateSocket');
    expect(calls.at(-1)).toBe('ended restarting');
  });

  test('cuts nothing while it waits for the registry', () => {
    const { calls } = connectionAfter(registered, close, overdue);

    expect(calls.slice(2)).toEqual(['unregister']);
  });
});
