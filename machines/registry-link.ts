/**
 * Whether this pod reaches the registry: the circuit breaker in front of it.
 *
 *   down { probing ⇄ waiting } ──registry.answered──▶ up { steady ⇄ troubled }
 *              ▲                                                    │
 *              └─── registry.lost, refused, three failures in a row ┘
 *
 * While the link is down nobody asks the registry anything but the probe; the connections stay, and what they owe the registry
 * is made up for once it answers.
 */
import { assign, setup } from 'xstate';

export interface RegistryLinkEffects {
  /** Try all that is needed, and write something. Answers `registry.answered`, `registry.refused` or `registry.failed`. */
  probe(): void;
  /** The registry answers (again), and may have lost or changed anything meanwhile: go over all entries. */
  recovered(): void;
  /** The registry does not answer any more. */
  failed(): void;
}

export type RegistryLinkEvent =
  | { type: 'registry.answered' }
  /** Not one command of a batch was answered. */
  | { type: 'registry.failed' }
  /** A probe was answered: the registry does not do something that the pod cannot be without. */
  | { type: 'registry.refused' }
  /** The connection broke. */
  | { type: 'registry.lost' }
  /** There is a connection, for the first time or again. */
  | { type: 'registry.connected' };

export interface RegistryLinkInput {
  effects: RegistryLinkEffects;
  /** From a probe that failed to the next one, ms. */
  probeMs: number;
}

interface RegistryLinkContext extends RegistryLinkInput {
  /** How many batches in a row have failed. */
  failures: number;
}

/** One failure may be a single lost command; as many as this in a row are an outage. */
const failuresToOpen = 3;

export const registryLinkMachine = setup({
  types: {
    context: {} as RegistryLinkContext,
    events: {} as RegistryLinkEvent,
    input: {} as RegistryLinkInput,
    tags: {} as 'up' | 'steady',
  },
  delays: {
    probe: ({ context }) => context.probeMs,
  },
  guards: {
    isOutage: ({ context }) => context.failures + 1 >= failuresToOpen,
  },
  actions: {
    probe: ({ context }) => context.effects.probe(),
    recovered: ({ context }) => context.effects.recovered(),
    failed: ({ context }) => context.effects.failed(),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
  },
}).createMachine({
  id: 'registryLink',
  context: ({ input }) => ({ ...input, failures: 0 }),
  initial: 'down',
  states: {
    down: {
      initial: 'probing',
      on: { 'registry.answered': 'up', 'registry.lost': {} },
      states: {
        probing: {
          entry: 'probe',
          on: { 'registry.failed': 'waiting', 'registry.refused': 'waiting', 'registry.connected': {} },
        },
        waiting: {
          after: { probe: 'probing' },
          on: { 'registry.failed': {}, 'registry.refused': {}, 'registry.connected': 'probing' },
        },
      },
    },
    up: {
      tags: 'up',
      entry: 'recovered',
      exit: 'failed',
      initial: 'steady',
      on: {
        'registry.lost': 'down',
        'registry.refused': 'down.waiting',
        // back so soon that nobody missed it, but it may be another server
        'registry.connected': { actions: ['recovered', 'probe'] },
      },
      states: {
        steady: {
          tags: 'steady',
          entry: 'forgetFailures',
          on: {
            'registry.failed': { target: 'troubled', actions: 'countFailure' },
            'registry.answered': {},
          },
        },
        troubled: {
          on: {
            'registry.failed': [
              { guard: 'isOutage', target: '#registryLink.down.waiting' },
              { actions: 'countFailure' },
            ],
            'registry.answered': 'steady',
          },
        },
      },
    },
  },
});
