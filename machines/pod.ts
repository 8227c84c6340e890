/**
 * The pod's life and the supervisor of all its connections.
 *
 *   starting ──registry.reached──▶ serving
 *       │                             │
 *       └───── drain, terminate ──────┤
 *                                     ▼
 *        draining { sweeping ─▶ waiting ─sweep.due▶ sweeping … ─▶ closingRest } ──nobody left, deadline, second terminate──▶ stopped
 *
 * `sweeping`: idle connections are being closed, longest idle first. `waiting`: this sweep has closed what it may, the active
 * ones go on until the next is due. `closingRest`: after the last sweep everybody is closed. The output carries the exit code.
 */
import { assign, raise, sendTo, setup } from 'xstate';
import type { EmptiedEvent } from './connections.ts';
import { connectionsLogic } from './connections.ts';

/** What the pod's life asks of its surroundings. */
export interface PodEffects {
  /** The drain has begun: tell the registry and the log. */
  announceDrain(): void;
  /** Close idle connections, as many as `sweepsLeft` (this one counted) allows. Answers `connections.closed`, then `sweep.finished`. */
  sweep(sweepsLeft: number): void;
  /** Close everybody who is left. Answers `connections.closed`. */
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
  /** How many sweeps a drain has at most. */
  sweeps: number;
  /** From the start of a sweep to the start of the next, ms. */
  intervalMs: number;
  /** From the start of the drain to its forced end, ms. */
  forcedAfterMs: number;
}

export interface PodContext extends PodInput {
  /** The sweep under way or last done, from 1; 0 before the first. */
  sweep: number;
  closedIdle: number;
  closedActive: number;
  /** A signal to end has come. */
  isTerminating: boolean;
  outcome: PodOutcome;
}

/** `drained`: nobody was left. `deadline`: the end was forced, by the deadline or a second signal. `failed`: the supervisor itself broke. */
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
    'connections.emptied': {}, // while serving, the last device may leave and others come
    'registry.reached': {},
    'sweep.due': {},
    'sweep.finished': {},
    'connections.closed': {},
    drain: {}, // one drain: who asks later joins it
    terminate: {},
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
