/** The charts of the program, ready to be walked, with one of each event that can happen to them. */
import type { ConnectionEvent } from '../../machines/connection.ts';
import { connectionMachine } from '../../machines/connection.ts';
import { connectionsLogic } from '../../machines/connections.ts';
import { closedByPeer, protocolError, restarting } from '../../machines/disconnect.ts';
import type { PodEvent } from '../../machines/pod.ts';
import { podMachine } from '../../machines/pod.ts';
import { stateName } from '../../machines/state-name.ts';
import { Chart } from './chart.ts';
import { ConnectionRecorder } from './connection-recorder.ts';
import { PodRecorder } from './pod-recorder.ts';

const connectionEvents: { [TType in ConnectionEvent['type']]: Extract<ConnectionEvent, { type: TType }> } = {
  'registry.registered': { type: 'registry.registered' },
  'registry.failed': { type: 'registry.failed' },
  'registry.refused': { type: 'registry.refused' },
  'connection.superseded': { type: 'connection.superseded' },
  'pod.stalled': { type: 'pod.stalled' },
  'registry.unregistered': { type: 'registry.unregistered' },
  'registry.unregisterFailed': { type: 'registry.unregisterFailed' },
  'connection.idle': { type: 'connection.idle' },
  'connection.active': { type: 'connection.active' },
  'peer.silent': { type: 'peer.silent' },
  'peer.flooding': { type: 'peer.flooding' },
  'reader.slow': { type: 'reader.slow' },
  'token.expired': { type: 'token.expired' },
  'peer.overdue': { type: 'peer.overdue' },
  'acks.settled': { type: 'acks.settled' },
  'socket.failed': { type: 'socket.failed', disconnect: protocolError },
  'socket.closed': { type: 'socket.closed', disconnect: closedByPeer(1001) },
  close: { type: 'close', disconnect: restarting },
  leave: { type: 'leave', disconnect: restarting },
};

/** A connection. A path ends in `registered.idle`, or with the cause of the end in `closing.unregistering (silent)`. */
export function connectionChart(): Chart<typeof connectionMachine> {
  return new Chart(connectionMachine, {
    record: () => new ConnectionRecorder(),
    events: Object.values(connectionEvents),
    view({ value, context: { disconnect } }) {
      const state = stateName(value);
      return state.startsWith('closing') || state === 'unregistered' ? `${state} (${disconnect.reason})` : state;
    },
  });
}

const podEvents: PodEvent[] = [
  { type: 'registry.reached' },
  { type: 'drain' },
  { type: 'terminate' },
  { type: 'sweep.due' },
  { type: 'sweep.finished' },
  { type: 'connections.closed', activity: 'idle', count: 3 },
  { type: 'connections.closed', activity: 'active', count: 2 },
  { type: 'connections.emptied' },
];

/** A pod whose drain has two sweeps. A path ends in `[state, sweeps begun, a signal has come, output]`, as JSON. */
export function podChart(): Chart<typeof podMachine> {
  /** The supervisor of the connections tells nothing by itself: the path says what it would have told. */
  const machine = podMachine.provide({
    actors: { connections: { ...connectionsLogic, transition: (snapshot) => snapshot } },
  });
  return new Chart(machine, {
    record: recordPod,
    events: podEvents,
    view: ({ value, context, output }) => JSON.stringify([value, context.sweep, context.isTerminating, output]),
  });
}

/** The deadline lies where the path wants it: between the sweeps that come before it and the next. */
function recordPod(path: readonly { type: string }[]) {
  const recorder = new PodRecorder();
  const sweepsBefore = path.filter(({ type }) => type === 'sweep.due').length;
  const isForced = path.at(-1)?.type.startsWith('xstate.after.deadline');
  const forcedAfterMs = isForced ? sweepsBefore * 1000 + 500 : 5000;
  return { input: { ...recorder.input, forcedAfterMs }, calls: recorder.calls };
}
