import { describe, expect, test } from 'vitest';
import type { ActorRefFrom } from 'xstate';
import { SimulatedClock, createActor } from 'xstate';
import type { ConnectionsLogic } from '../../machines/connections.ts';
import { connectionsLogic } from '../../machines/connections.ts';
import type { PodEvent, PodInput } from '../../machines/pod.ts';
import { podMachine } from '../../machines/pod.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';
import { PodRecorder } from '../../src/testing/pod-recorder.ts';

const reached: PodEvent = { type: 'registry.reached' };
const drain: PodEvent = { type: 'drain' };
const terminate: PodEvent = { type: 'terminate' };
const swept: PodEvent = { type: 'sweep.finished' };
const drained = { outcome: 'drained', exitCode: 0 };
const forced = { outcome: 'deadline', exitCode: 1 };

const beforeDrain: [string, PodEvent[]][] = [
  ['before the registry was reached', []],
  ['while serving', [reached]],
];

interface PodSetup {
  devices?: number;
  input?: Partial<PodInput>;
  machine?: typeof podMachine;
}

/** A pod with so many devices connected, whose clock stands still but for `wait`, in ms. */
function startPod({ devices = 1, input = {}, machine = podMachine }: PodSetup = {}) {
  const clock = new SimulatedClock();
  const recorder = new PodRecorder(clock);
  const pod = createActor(machine, { clock, input: { ...recorder.input, ...input } }).start();
  const supervisor = pod.getSnapshot().children['connections'] as ActorRefFrom<ConnectionsLogic>;
  const connections = Array.from({ length: devices }, (_, index) => new ConnectionRecorder(`trace-${index}`));
  for (const connection of connections) supervisor.send({ type: 'open', connection });
  const wait = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1) clock.increment(1);
  };
  return { pod, supervisor, connections, calls: recorder.calls, wait, output: () => pod.getSnapshot().output };
}

/** A supervisor that breaks at the first birth. */
const brokenLogic: ConnectionsLogic = {
  ...connectionsLogic,
  transition(snapshot, event) {
    if (event.type === 'open') throw new Error('the supervisor broke');
    return snapshot;
  },
};

describe('a pod', () => {
  test('accepts connections at once, and is ready when the registry was reached', () => {
    const { pod } = startPod();
    const before = [...pod.getSnapshot().tags];

    pod.send(reached);

    expect(before).toEqual(['accepting']);
    expect([...pod.getSnapshot().tags]).toEqual(['accepting', 'ready']);
  });

  test('goes on serving when its last connection leaves', () => {
    const { pod, connections } = startPod();
    pod.send(reached);

    connections[0]!.end();

    expect(pod.getSnapshot().value).toBe('serving');
  });

  test.each([
    ['starting', []],
    ['serving', [reached]],
  ])('drains at the first signal to end while %s', (_, before) => {
    const { pod } = startPod();
    for (const event of before) pod.send(event);

    pod.send(terminate);

    expect(pod.getSnapshot().value).toEqual({ draining: 'sweeping' });
  });

  test('goes on with the drain that /pre-stop began at the first signal to end', () => {
    const { pod } = startPod();
    pod.send(reached);
    pod.send(drain);

    pod.send(terminate);

    expect(pod.getSnapshot().value).toEqual({ draining: 'sweeping' });
  });

  test.each([
    ['serves', [reached]],
    ['drains', [reached, drain]],
  ])('fails with exit code 1 when its supervisor breaks while it %s', (_, before) => {
    const machine = podMachine.provide({ actors: { connections: brokenLogic } });
    const { pod, supervisor, output } = startPod({ devices: 0, machine });
    for (const event of before) pod.send(event);

    supervisor.send({ type: 'open', connection: new ConnectionRecorder() });

    expect(output()).toEqual({ outcome: 'failed', exitCode: 1 });
  });

  test('survives the crash of a connection', () => {
    const { pod, connections } = startPod({ devices: 2 });

    connections[0]!.crash();

    expect(connections[0]!.crashes).toHaveLength(1);
    expect(pod.getSnapshot().status).toBe('active');
  });
});

describe('a drain', () => {
  test.each(beforeDrain)(
    'that is ordered %s begins at once: it is announced, and then the first sweep starts',
    (_, before) => {
      const { pod, calls } = startPod();
      for (const event of before) pod.send(event);

      pod.send(drain);

      expect(calls).toEqual(['0: announce', '0: sweep, 2 left']);
      expect([...pod.getSnapshot().tags]).toEqual(['draining']);
    },
  );

  test('starts its sweeps an interval apart, counting down to 1, and then closes the rest', () => {
    const { pod, calls, wait } = startPod({ input: { sweeps: 3 } });

    pod.send(drain);
    wait(4900);

    expect(calls.slice(1)).toEqual([
      '0: sweep, 3 left',
      '1000: sweep, 2 left',
      '2000: sweep, 1 left',
      '3000: close the rest',
    ]);
  });

  test('starts the next sweep on time whether or not the one before it has finished', () => {
    const { pod, calls, wait } = startPod();
    pod.send(drain);
    wait(1500);
    const during = pod.getSnapshot().value;

    pod.send(swept); // the first, late
    wait(600);

    expect(during).toEqual({ draining: 'sweeping' });
    expect(calls.slice(1)).toEqual(['0: sweep, 2 left', '1000: sweep, 1 left', '2000: close the rest']);
  });

  test('waits between the end of a sweep and the next', () => {
    const { pod, wait } = startPod();
    pod.send(drain);
    wait(300);

    pod.send(swept);
    const between = pod.getSnapshot().value;
    wait(700);

    expect(between).toEqual({ draining: 'waiting' });
    expect(pod.getSnapshot().value).toEqual({ draining: 'sweeping' });
  });

  test.each(beforeDrain)('that is ordered %s ends at once with exit code 0 when nobody is connected', (_, before) => {
    const { pod, output } = startPod({ devices: 0 });
    for (const event of before) pod.send(event);

    pod.send(drain);

    expect(output()).toEqual(drained);
  });

  test.each([
    ['sweeping', 0],
    ['closingRest', 2000],
  ])('ends with exit code 0 as soon as the last connection is gone while %s', (state, ms) => {
    const { pod, connections, wait, output } = startPod({ devices: 2 });
    pod.send(drain);
    wait(ms);

    connections[0]!.end();
    const withOneLeft = pod.getSnapshot().value;
    connections[1]!.end();

    expect(withOneLeft).toEqual({ draining: state });
    expect(output()).toEqual(drained);
  });

  test('is over with its end: no sweep starts later', () => {
    const { pod, connections, calls, wait } = startPod();
    pod.send(drain);
    connections[0]!.end();

    wait(10_000);

    expect(calls).toEqual(['0: announce', '0: sweep, 2 left']);
  });

  test('is forced to end at its deadline, to the millisecond, with exit code 1', () => {
    const { pod, wait, output } = startPod();
    pod.send(drain);

    wait(4999);
    const before = output();
    wait(1);

    expect(before).toBeUndefined();
    expect(output()).toEqual(forced);
  });

  test('does not wait for its sweeps when the deadline comes first', () => {
    const { pod, calls, wait, output } = startPod({ input: { forcedAfterMs: 500 } });
    pod.send(drain);

    wait(5000);

    expect(calls).toEqual(['0: announce', '0: sweep, 2 left']);
    expect(output()).toEqual(forced);
  });

  test('is joined, and neither begun again nor prolonged, by a second order to drain', () => {
    const { pod, calls, wait, output } = startPod();
    pod.send(drain);
    wait(500);

    pod.send(drain);
    wait(4500);

    expect(calls).toEqual(['0: announce', '0: sweep, 2 left', '1000: sweep, 1 left', '2000: close the rest']);
    expect(output()).toEqual(forced);
  });

  test.each([
    ['began it', []],
    ['joined a drain of /pre-stop', [drain]],
  ])('ends at once with exit code 1 at the second signal when the first one %s', (_, before) => {
    const { pod, connections, output } = startPod();
    for (const event of [...before, terminate]) pod.send(event);

    pod.send(terminate);

    expect(output()).toEqual(forced);
    expect(connections[0]!.actor?.getSnapshot().status).toBe('stopped');
  });

  test('adds up how many idle and how many active connections were closed, from its beginning on', () => {
    const { pod, wait } = startPod();
    pod.send({ type: 'connections.closed', activity: 'idle', count: 100 });
    pod.send(drain);

    pod.send({ type: 'connections.closed', activity: 'idle', count: 3 });
    pod.send({ type: 'connections.closed', activity: 'idle', count: 4 });
    wait(2000);
    pod.send({ type: 'connections.closed', activity: 'active', count: 2 });

    expect(pod.getSnapshot().context).toMatchObject({ closedIdle: 7, closedActive: 2 });
  });
});
