/**
 * The supervisor of all connections of a pod. It owns one child actor per connection.
 *
 *   open ──▶ child started       child done ──▶ child removed       child failed ──▶ child removed and reported
 *
 * It is its own actor logic. A machine that spawns actors copies its table of children at every start and end of a child, which takes
 * milliseconds from ten thousand children on. Here the cost does not depend on the number of children.
 * The children are ordinary child actors: they share the actor system, `inspect` shows them, and they report their end to this parent.
 * A child that fails does not affect the other children, and is never restarted (OTP calls this a temporary child). Its device reconnects
 * by itself, as a new connection. So there is no restart intensity to count.
 */
import type { ActorLogic, ActorRef, ActorRefFrom, AnyActorScope, AnyEventObject, Snapshot } from 'xstate';
import { createActor } from 'xstate';
import type { ConnectionEffects } from './connection.ts';
import { connectionLogic } from './connection.ts';

export type ConnectionActor = ActorRefFrom<typeof connectionLogic>;

/** A connection as the supervisor keeps it: its effects, and its actor, which the supervisor sets before it calls the first effect. */
export interface SupervisedConnection extends ConnectionEffects {
  /** Unique id of the connection. */
  readonly traceId: string;
  actor: ConnectionActor | undefined;
}

/** Starts the actor of a connection. */
interface OpenEvent {
  type: 'open';
  connection: SupervisedConnection;
}

/** Asks the supervisor to send `connections.emptied` if there is no connection. */
interface CountEvent {
  type: 'count';
}

/** The supervisor tells its parent that there is no connection. */
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
  /** By traceId. The map is changed in place, because copying it is what this logic avoids. */
  children: Map<string, SupervisedConnection>;
};

export interface ConnectionsLogic extends ActorLogic<ConnectionsSnapshot, ConnectionsEvent, ConnectionsInput> {}

/** Replaces the options of an actor after its start. Only the start reads them, and they would be a sixth of its memory. */
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
          stopChildren(snapshot, scope); // this supervisor fails, and xstate does not stop the children of a failed parent
          return { ...snapshot, status: 'error', error };
        }
      }
    }

    if (children.size === 0) input.parent.send({ type: 'connections.emptied' });
    return snapshot;
  },

  getPersistedSnapshot: ({ status, output, error }) => ({ status, output, error }) as Snapshot<undefined>,
};
