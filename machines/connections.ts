/**
 * The dynamic supervisor: owns one child actor per connection.
 *
 *   open ──▶ birth            child done ──▶ forgotten            child failed ──▶ forgotten and reported
 *
 * It is actor logic of its own because a machine that spawns copies its table of children at every birth and death,
 * which costs milliseconds each from ten thousand children on. Here both cost the same with ten and with a hundred thousand.
 * The children are real ones all the same: they share the actor system, are seen by `inspect`, and send their end to this parent.
 * A child that fails harms no sibling and is never restarted (OTP calls such a child temporary): its device comes back by
 * itself as a new connection. So there is no restart intensity to count either.
 */
import type { ActorLogic, ActorRef, ActorRefFrom, AnyActorScope, AnyEventObject, Snapshot } from 'xstate';
import { createActor } from 'xstate';
import type { ConnectionEffects } from './connection.ts';
import { connectionLogic } from './connection.ts';

export type ConnectionActor = ActorRefFrom<typeof connectionLogic>;

/** What the supervisor keeps of a connection: its effects, and the actor it gives it before the first of them. */
export interface SupervisedConnection extends ConnectionEffects {
  /** Unlike that of every other connection. */
  readonly traceId: string;
  actor: ConnectionActor | undefined;
}

/** Start a connection's life. */
interface OpenEvent {
  type: 'open';
  connection: SupervisedConnection;
}

/** Asks for a `connections.emptied` if nobody is here (any more). */
interface CountEvent {
  type: 'count';
}

/** What the supervisor tells its parent: the last connection is gone. */
export interface EmptiedEvent {
  type: 'connections.emptied';
}

/** A child's end, as xstate reports it to a parent. */
interface ChildEndEvent {
  type: `xstate.done.actor.${string}` | `xstate.error.actor.${string}`;
  actorId: string;
  error?: unknown;
}

type ConnectionsEvent = OpenEvent | CountEvent | ChildEndEvent | { type: 'xstate.stop' };

export interface ConnectionsInput {
  parent: ActorRef<Snapshot<unknown>, EmptiedEvent, AnyEventObject>;
}

export type ConnectionsSnapshot = Snapshot<undefined> & {
  input: ConnectionsInput;
  /** By traceId. Changed in place: copying it at every birth is what this logic exists to avoid. */
  children: Map<string, SupervisedConnection>;
};

export interface ConnectionsLogic extends ActorLogic<ConnectionsSnapshot, ConnectionsEvent, ConnectionsInput> {}

/** An actor reads its options when it starts; kept, they would be a sixth of its memory. */
const started = {};

const endOfChild = /^xstate\.(done|error)\.actor\./;

function isChildEnd(event: ConnectionsEvent): event is ChildEndEvent {
  return endOfChild.test(event.type);
}

function stopChildren({ children }: ConnectionsSnapshot, scope: Pick<AnyActorScope, 'stopChild'>): void {
  for (const { actor } of children.values()) if (actor) scope.stopChild(actor);
}

export const connectionsLogic: ConnectionsLogic = {
  getInitialSnapshot: (_scope, input) => ({
    status: 'active',
    output: undefined,
    error: undefined,
    input,
    children: new Map(),
  }),

  transition(snapshot, event, scope) {
    const { children, input } = snapshot;

    if (event.type === 'open') {
      const { connection } = event;
      const { traceId: id } = connection;
      const actor = createActor(connectionLogic, { parent: scope.self, id, input: { effects: connection } });
      connection.actor = actor;
      children.set(id, connection);
      actor.start();
      actor.options = started;
      return snapshot;
    }

    if (event.type === 'xstate.stop') {
      stopChildren(snapshot, scope);
      return { ...snapshot, status: 'stopped', error: undefined };
    }

    if (isChildEnd(event)) {
      const connection = children.get(event.actorId);
      children.delete(event.actorId);
      if (event.type.startsWith('xstate.error.')) {
        try {
          connection?.crashed(event.error);
        } catch (error) {
          stopChildren(snapshot, scope); // this supervisor breaks, and children outlive a broken parent
          return { ...snapshot, status: 'error', error };
        }
      }
    }

    if (children.size === 0) input.parent.send({ type: 'connections.emptied' });
    return snapshot;
  },

  getPersistedSnapshot: ({ status, output, error }) => ({ status, output, error }) as Snapshot<undefined>,
};
