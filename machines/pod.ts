/**
 * The lifetime of a pod, and the supervisor of all its connections.
 *
 *   starting ──registry.reached──▶ serving
 *       │                             │
 *       └───── drain, terminate ──────┤
 *                                     ▼
 *        draining { sweeping ─▶ waiting ─sweep.due▶ sweeping … ─▶ closingRest } ──nobody left, deadline, second terminate──▶ stopped
 *
 * `sweeping`: the pod closes idle connections, those that were idle longest first. `waiting`: the sweep is finished, and the remaining
 * connections stay open until the next sweep is due. `closingRest`: after the last sweep the pod closes all remaining connections. The
 * output of the machine has the exit code.
 */
import { assign, raise, sendTo, setup } from 'xstate';
import type { EmptiedEvent } from './connections.ts';
import { connectionsLogic } from './connections.ts';

/** What the chart of the pod makes its environment do. */
export interface PodEffects {
  /** Reports the start of the drain to the registry and the log. */
  announceDrain(): void;
  /** Closes as many idle connections as `sweepsLeft` (with this sweep) allows. Answers `connections.closed`, then `sweep.finished`. */
  sweep(sweepsLeft: number): void;
  /** Closes all connections that are left. Answers `connections.closed`. */
  closeRest(): void;
}

export type PodEvent =
  | { type: 'registry.reached' }
  | { type: 'drain' }
  /** A signal to end. The second one forces the end of the drain, also of one that /pre-stop began. */
  | { type: 'terminate' }
  | { type: 'sweep.due' }
  | { type: 'sweep.finished' }
  | { type: 'connections.closed'; activity: 'idle' | 'active'; count: number }
  | EmptiedEvent;

export interface PodInput {
  effects: PodEffects;
  /** Largest number of sweeps of a drain. */
  sweeps: number;
  /** From the start of a sweep to the start of the next, ms. */
  intervalMs: number;
  /** From the start of the drain to its forced end, ms. */
  forcedAfterMs: number;
}

export interface PodContext extends PodInput {
  /** The current or last sweep, from 1. 0 before the first sweep. */
  sweep: number;
  closedIdle: number;
  closedActive: number;
  /** A signal to end has come. */
  isTerminating: boolean;
  outcome: PodOutcome;
}

/**
 * `drained`: all connections have ended. `deadline`: the drain was ended by force, by the deadline or by a second signal. `failed`: the
 * supervisor of the connections failed.
 */
export type PodOutcome = 'drained' | 'deadline' | 'failed';

export interface PodOutput {
  outcome: PodOutcome;
  exitCode: 0 | 1;
}

export const podMachine = setup({
  types: {
    context: {} as PodContext,
    events: {} as PodEvent,
    input: {} as PodInput,
    output: {} as PodOutput,
    tags: {} as 'accepting' | 'ready' | 'draining',
  },
  actors: { connections: connectionsLogic },
  delays: {
    interval: ({ context }) => context.intervalMs,
    deadline: ({ context }) => context.forcedAfterMs,
  },
  guards: {
    sweepsLeft: ({ context }) => context.sweep < context.sweeps,
    isTerminating: ({ context }) => context.isTerminating,
  },
  actions: {
    announceDrain: ({ context }) => context.effects.announceDrain(),
    askForCount: sendTo('connections', { type: 'count' }),
    beginSweep: assign({ sweep: ({ context }) => context.sweep + 1 }),
    sweep: ({ context }) => context.effects.sweep(context.sweeps - context.sweep + 1),
    scheduleSweep: raise({ type: 'sweep.due' }, { delay: 'interval' }),
    closeRest: ({ context }) => context.effects.closeRest(),
    noteTermination: assign({ isTerminating: true }),
    noteOutcome: assign((_, outcome: PodOutcome) => ({ outcome })),
    countClosed: assign(({ context }, closed: { activity: 'idle' | 'active'; count: number }) =>
      closed.activity === 'idle'
        ? { closedIdle: context.closedIdle + closed.count }
        : { closedActive: context.closedActive + closed.count },
    ),
  },
}).createMachine({
  id: 'pod',
  context: ({ input }) => ({
    ...input,
    sweep: 0,
    closedIdle: 0,
    closedActive: 0,
    isTerminating: false,
    outcome: 'drained',
  }),
  output: ({ context: { outcome } }) => ({ outcome, exitCode: outcome === 'drained' ? 0 : 1 }),
  invoke: {
    id: 'connections',
    src: 'connections',
    input: ({ self }) => ({ parent: self }),
    onError: { target: '.stopped', actions: { type: 'noteOutcome', params: 'failed' } },
  },
  initial: 'starting',
  on: {
    'connections.emptied': {}, // while serving, the last device can leave and others can come
    'registry.reached': {},
    'sweep.due': {},
    'sweep.finished': {},
    'connections.closed': {},
    drain: {}, // one drain: who asks later joins it
  },
  states: {
    starting: {
      tags: 'accepting',
      on: {
        'registry.reached': 'serving',
        drain: 'draining',
        terminate: { target: 'draining', actions: 'noteTermination' },
      },
    },
    serving: {
      tags: ['accepting', 'ready'],
      on: { drain: 'draining', terminate: { target: 'draining', actions: 'noteTermination' } },
    },
    draining: {
      tags: 'draining',
      entry: ['announceDrain', 'askForCount'],
      initial: 'sweeping',
      after: { deadline: { target: 'stopped', actions: { type: 'noteOutcome', params: 'deadline' } } },
      on: {
        'connections.closed': { actions: { type: 'countClosed', params: ({ event }) => event } },
        'connections.emptied': 'stopped',
        'sweep.due': [{ guard: 'sweepsLeft', target: '.sweeping' }, { target: '.closingRest' }],
        terminate: [
          { guard: 'isTerminating', target: 'stopped', actions: { type: 'noteOutcome', params: 'deadline' } },
          { actions: 'noteTermination' },
        ],
      },
      states: {
        sweeping: {
          entry: ['beginSweep', 'scheduleSweep', 'sweep'],
          on: { 'sweep.finished': 'waiting' },
        },
        waiting: {},
        closingRest: { entry: 'closeRest', on: { 'sweep.due': {} } },
      },
    },
    stopped: { type: 'final' },
  },
});
