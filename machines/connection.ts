/**
 * The lifetime of one connection, from the accepted socket to the deleted registry entry.
 *
 *   connecting { registering ─▶ waiting } ──registered──▶ registered { active ⇄ idle } ◀──registered── unverified ◀──unverified── both
 *       │                  │        ▲─────refused────────────┤            │                              │
 *       │                  └───── leave ─────▶ leaving ◀─────┘            │                              │
 *       │                                         │ peer overdue          │                              │
 *       └────── close, peer gone ─────────────────┼───────────────────────┴──────────────────────────────┘
 *                                                 ▼
 *                              closing { unregistering ─▶ disconnecting } ──socket.closed──▶ unregistered
 *          any ──superseded──▶ closing { settling ──────────────▲       }
 *
 * The chart decides. `ConnectionEffects` acts, and the outcome of every effect comes back as an event. Messages never pass through the
 * chart: the socket records the time of the last data, and sends an event only for a change between active and idle. The chart has no
 * `after` transitions: one clockwork of the pod checks the deadlines of all connections.
 */
import type { SnapshotFrom } from 'xstate';
import { assign, setup } from 'xstate';
import type { Disconnect } from './disconnect.ts';
import { flooding, silent, slowReader, superseded, tokenExpired } from './disconnect.ts';
import type { Move } from './sharing.ts';
import { sharing } from './sharing.ts';

/** What the chart of a connection makes its environment do. An effect must not throw or wait. It answers with an event. */
export interface ConnectionEffects {
  /** Write the registry entry. Answers `registry.registered`, `registry.failed`, `registry.refused` or `connection.superseded`. */
  register(): void;
  /** Forgets the connection on this pod and deletes its own entry. Answers `registry.unregistered` or `registry.unregisterFailed`. */
  unregister(): void;
  /** In envelope mode, sends the device the `welcome` frame, which says whether it is registered. No answer. */
  welcome(registered: boolean): void;
  /** Asks the device to connect to another pod before this connection is closed. Answers `peer.overdue` if it has not left in time. */
  askToLeave(disconnect: Disconnect): void;
  /** Waits for missing acknowledgements. Answers `acks.settled`, at once if none is missing, or `peer.overdue`. */
  settleAcks(): void;
  /** Closes with the closing handshake. Answers `socket.closed`, at once if the socket is already closed, or `peer.overdue`. */
  closeSocket(disconnect: Disconnect): void;
  /** Cuts the socket without a handshake. Answers `socket.closed`. */
  terminateSocket(): void;
  /** The connection has ended. No answer. */
  ended(disconnect: Disconnect): void;
  /** The connection has changed its state. No answer. Only `connectionLogic` calls this, not the plain machine. */
  moved?(move: Move): void;
  /** The actor has failed. Releases everything that belongs to the connection. No answer. */
  crashed(error: unknown): void;
}

export type ConnectionEvent =
  | { type: 'registry.registered' }
  /** The registry did not answer. It may have executed the command. */
  | { type: 'registry.failed' }
  /** The registry has answered that it refuses the command. */
  | { type: 'registry.refused' }
  | { type: 'connection.superseded' }
  /** The pod stood still for so long that the device may have gone to another one meanwhile. */
  | { type: 'pod.stalled' }
  | { type: 'registry.unregistered' }
  | { type: 'registry.unregisterFailed' }
  | { type: 'connection.idle' }
  | { type: 'connection.active' }
  | { type: 'peer.silent' }
  /** The device sends more messages than the limit allows. */
  | { type: 'peer.flooding' }
  /** The device does not read what the pod sends. */
  | { type: 'reader.slow' }
  | { type: 'token.expired' }
  | { type: 'socket.failed'; disconnect: Disconnect }
  | { type: 'socket.closed'; disconnect: Disconnect }
  /** The device has not left, closed or acknowledged in time. */
  | { type: 'peer.overdue' }
  /** No acknowledgement is missing any more. */
  | { type: 'acks.settled' }
  /** Let the device connect to another pod first, then close. */
  | { type: 'leave'; disconnect: Disconnect }
  | { type: 'close'; disconnect: Disconnect };

/**
 * `open`: not closing. `staying`: nor asked to leave. `verified`: known to be the device's newest connection, as far as anything
 * is known. `active` and `idle`: registered and so.
 */
export type ConnectionTag = 'open' | 'staying' | 'verified' | 'registered' | 'active' | 'idle';

export interface ConnectionInput {
  effects: ConnectionEffects;
}

interface ConnectionContext {
  effects: ConnectionEffects;
  /** Why the connection ends. The first cause counts. */
  disconnect: Disconnect;
}

/** What `context.disconnect` holds while nothing has ended the connection. */
const none: Disconnect = { code: 1005, reason: 'none', when: 'never', reconnect: true };

function contextOf({ effects }: ConnectionInput): ConnectionContext {
  return { effects, disconnect: none };
}

export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
    tags: {} as ConnectionTag,
  },
  actions: {
    register: ({ context }) => context.effects.register(),
    unregister: ({ context }) => context.effects.unregister(),
    welcomeRegistered: ({ context }) => context.effects.welcome(true),
    welcomeUnregistered: ({ context }) => context.effects.welcome(false),
    askToLeave: ({ context }) => context.effects.askToLeave(context.disconnect),
    settleAcks: ({ context }) => context.effects.settleAcks(),
    closeSocket: ({ context }) => context.effects.closeSocket(context.disconnect),
    terminateSocket: ({ context }) => context.effects.terminateSocket(),
    reportEnd: ({ context }) => context.effects.ended(context.disconnect),
    noteCause: assign((_, disconnect: Disconnect) => ({ disconnect })),
  },
}).createMachine({
  id: 'connection',
  context: ({ input }) => contextOf(input),
  initial: 'connecting',
  on: {
    close: { target: '.closing', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
    leave: { target: '.closing', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
    'socket.failed': { target: '.closing', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
    'socket.closed': { target: '.closing', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
    'peer.silent': { target: '.closing', actions: { type: 'noteCause', params: silent } },
    'peer.flooding': { target: '.closing', actions: { type: 'noteCause', params: flooding } },
    'reader.slow': { target: '.closing', actions: { type: 'noteCause', params: slowReader } },
    'token.expired': { target: '.closing', actions: { type: 'noteCause', params: tokenExpired } },
    'connection.superseded': { target: '.closing.settling', actions: { type: 'noteCause', params: superseded } },
    'pod.stalled': '.unverified',
    'registry.failed': {}, // the entry may be old or missing: the next refresh repairs it
    'registry.refused': {},
    'registry.registered': {}, // a refresh found the entry missing and wrote it again
    'registry.unregistered': {},
    'registry.unregisterFailed': {},
    'connection.idle': {},
    'connection.active': {},
    'peer.overdue': {},
    'acks.settled': {},
  },
  states: {
    connecting: {
      tags: ['open', 'staying', 'verified'],
      initial: 'registering',
      on: {
        leave: { target: 'leaving', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
      },
      states: {
        registering: {
          entry: 'register',
          on: {
            'registry.registered': { target: '#connection.registered', actions: 'welcomeRegistered' },
            'registry.failed': { target: 'waiting', actions: 'welcomeUnregistered' },
            'registry.refused': { target: 'waiting', actions: 'welcomeUnregistered' },
            'pod.stalled': { target: '#connection.unverified', actions: 'welcomeUnregistered' },
          },
        },
        waiting: {
          on: { 'registry.registered': '#connection.registered' }, // the next refresh writes the entry
        },
      },
    },
    registered: {
      tags: ['open', 'staying', 'verified', 'registered'],
      initial: 'active',
      on: {
        'registry.refused': 'connecting.waiting', // its lease is not extended, so it will soon expire
        leave: { target: 'leaving', actions: { type: 'noteCause', params: ({ event }) => event.disconnect } },
      },
      states: {
        active: { tags: 'active', on: { 'connection.idle': 'idle' } },
        idle: { tags: 'idle', on: { 'connection.active': 'active' } },
      },
    },
    unverified: {
      tags: ['open', 'staying'],
      on: { 'registry.registered': 'registered', 'pod.stalled': {} },
    },
    leaving: {
      tags: ['open', 'verified'], // callbacks go on until the device has taken over from itself
      entry: 'askToLeave',
      on: { 'peer.overdue': 'closing', 'pod.stalled': 'closing', leave: {} },
    },
    closing: {
      initial: 'unregistering',
      on: {
        'pod.stalled': {},
        close: {},
        leave: {},
        'socket.failed': {},
        'socket.closed': {}, // sent again when `disconnecting` calls closeSocket
        'peer.silent': {},
        'peer.flooding': {},
        'reader.slow': {},
        'token.expired': {},
        'connection.superseded': {},
      },
      states: {
        unregistering: {
          entry: 'unregister',
          on: {
            'registry.unregistered': 'disconnecting',
            'registry.unregisterFailed': 'disconnecting', // the entry expires with its lease
          },
        },
        settling: {
          entry: ['unregister', 'settleAcks'], // the entry belongs to the newer connection, so the answer of the registry does not matter
          on: { 'acks.settled': 'disconnecting', 'peer.overdue': 'disconnecting' },
        },
        disconnecting: {
          entry: 'closeSocket',
          on: {
            'socket.closed': '#connection.unregistered',
            'peer.overdue': { actions: 'terminateSocket' },
          },
        },
      },
    },
    unregistered: { type: 'final', entry: 'reportEnd' },
  },
});

export type ConnectionStateValue = SnapshotFrom<typeof connectionMachine>['value'];

/** The same chart as an actor logic that is cheap for many thousand actors. */
export const connectionLogic = sharing(connectionMachine, contextOf, ({ effects }, move) => effects.moved?.(move));
