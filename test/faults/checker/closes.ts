/** Why connections were closed, and which should not have been. */
import type { Connection } from './connections.ts';
import { listIn } from './connections.ts';
import { touches } from './intervals.ts';
import type { World } from './world.ts';

const codes = { restarting: 1012, silent: 4408, slow: 4413, kicked: 4503, superseded: 4509 };

/** A connection that nothing allowed to close. */
export interface UnexplainedClose {
  connection: Connection;
  at: number;
  code: number;
}

/** Closes the devices have seen and that ask for an explanation. */
export interface SuspectCloses {
  /** There was no cause. */
  unexplained: UnexplainedClose[];
  /** Superseded in a fault, though by an older connection: the registry had it for the newer one. */
  inverted: UnexplainedClose[];
}

export function suspectCloses(world: World): SuspectCloses {
  const suspects: SuspectCloses = { unexplained: [], inverted: [] };
  for (const connection of world.connections.all) {
    const { closed } = connection;
    if (!closed) continue;
    const kind = suspicion(world, connection);
    if (kind) suspects[kind].push({ connection, at: closed.at, code: closed.code });
  }
  return suspects;
}

/** Undefined: it had its reason. */
function suspicion(world: World, connection: Connection): keyof SuspectCloses | undefined {
  const { closed, pauses } = connection;
  if (closed!.by === 'device' || podEnded(world, connection) || wasCut(world, connection)) return undefined;
  const given = new Set([closed!.code, connection.ended?.code]); // a device that does not answer its close sees 1006
  if (given.has(codes.kicked)) return undefined;
  if (given.has(codes.superseded)) {
    if (wasOvertaken(world, connection)) return undefined;
    return wasOutranked(world, connection) && hadFaults(world, connection) ? 'inverted' : 'unexplained';
  }
  const wasUnread = pauses.length > 0 && (given.has(codes.silent) || given.has(codes.slow));
  return wasUnread ? undefined : 'unexplained';
}

/** It was killed or drained, and not ended by itself. */
function podEnded({ pods, options }: World, { podId, closed, ended }: Connection): boolean {
  const pod = pods.of(podId);
  const [began] = pod.drains;
  const by = closed!.at + options.slackMs;
  if (pod.killed && pod.killed.at <= by) return true;
  if (!began || began.at > by) return false;
  return closed!.code === codes.restarting || ended?.code === codes.restarting || pod.doneFrom <= by;
}

/** A cut may be found out only some time after it. */
function wasCut({ faults, options }: World, { podId, closed }: Connection): boolean {
  return faults.on(podId).some(({ fact, from, to }) => {
    return fact.closesSockets && from <= closed!.at + options.slackMs && to + options.settleMs >= closed!.at;
  });
}

/** Another connection of the device was opened later, or at about the same time. */
function wasOvertaken({ connections, options }: World, connection: Connection): boolean {
  const [next] = connections.newerThan(connection);
  if (next && next.since <= connection.closed!.at + options.slackMs) return true;
  return connections.near(connection, options.slackMs).length > 1;
}

/**
 * `t` is drawn at registration, so that of a connection opened earlier may be higher: when both came to be registered
 * only after an outage, or when the outcome of its first registration was unknown and it drew another.
 */
function wasOutranked({ connections, registry }: World, connection: Connection): boolean {
  const { deviceId, traceId, closed } = connection;
  const own = traceId === undefined ? undefined : registry.registrations.get(traceId);
  return connections.byDevice.get(deviceId)!.some((other) => {
    const its = other.traceId === undefined ? undefined : registry.registrations.get(other.traceId);
    if (other === connection || its === undefined || its.at > closed!.at) return false;
    return own === undefined || its.t >= own.t;
  });
}

/** Without any fault, the order in which connections are opened is that of their `t`, whatever the clocks of the pods. */
function hadFaults({ disturbances }: World, { opened, since, closed }: Connection): boolean {
  return touches(disturbances.anything(), { from: opened?.dialledAt ?? since, to: closed!.at });
}

/** How closes that belong together are told in a sentence. */
export function closesSentence(closes: readonly UnexplainedClose[]): string {
  const [first] = closes;
  const { deviceId } = first!.connection;
  return `${closes.length} × closed with ${first!.code}, such as ${first!.connection.name} of ${deviceId}`;
}

/** By pod and code. */
export function grouped(closes: readonly UnexplainedClose[]): UnexplainedClose[][] {
  const groups = new Map<string, UnexplainedClose[]>();
  for (const close of closes) listIn(groups, `${close.connection.podId} ${close.code}`).push(close);
  return [...groups.values()];
}
