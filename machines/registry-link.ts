/**
 * Does this pod reach the registry? This is the circuit breaker in front of the registry.
 *
 *   down { probing ⇄ waiting } ──registry.answered──▶ up { steady ⇄ troubled }
 *              ▲                                                    │
 *              └─── registry.lost, refused, three failures in a row ┘
 *
 * While the link is down, the pod sends only probes to the registry. The connections stay open. When the registry answers again, the pod
 * sends what is missing.
 */
import { assign, setup } from 'xstate';

export interface RegistryLinkEffects {
  /** Tries every command that the pod needs, including a write. Answers `registry.answered`, `registry.refused` or `registry.failed`. */
  probe(): void;
  /** The registry answers, for the first time or again. It may have lost or changed entries, so the pod verifies all its connections. */
  recovered(): void;
  /** The registry no longer answers. */
  failed(): void;
}

export type RegistryLinkEvent =
  | { type: 'registry.answered' }
  /** No command of a batch was answered. */
  | { type: 'registry.failed' }
  /** The registry answered a probe, but refuses a command that the pod needs. */
  | { type: 'registry.refused' }
  /** The connection broke. */
  | { type: 'registry.lost' }
  /** The connection to the registry is open, for the first time or again. */
  | { type: 'registry.connected' };

export interface RegistryLinkInput {
  effects: RegistryLinkEffects;
  /** Time from a failed probe to the next probe, ms. */
  probeMs: number;
}

interface RegistryLinkContext extends RegistryLinkInput {
  /** Number of batches that failed in a row. */
  failures: number;
}

/** Number of failures in a row that count as an outage. Fewer can be single lost commands. */
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
        // the link was down too briefly for a failure, but the server may be another one
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
