/** When a connection has to be in the registry, and when it is. */
import type { Connection } from './connections.ts';
import type { Interval } from './intervals.ts';
import { merge, subtract } from './intervals.ts';
import type { Holding } from './timeline.ts';
import type { World } from './world.ts';

/**
 * The time in which its pod owes a connection an entry: from the accept until one side knows of its end or begins to
 * close it. Undefined when there was none, or when the pod's side is not known.
 */
export function owedTime({ options, registry, end }: World, connection: Connection): Interval | undefined {
  const { accepted, ended, closed, podDoneFrom } = connection;
  if (!accepted) return undefined;
  const closingFrom = (ended?.at ?? Infinity) - options.closeGraceMs;
  const deletedAt = registry.deletedAt.get(accepted.traceId) ?? Infinity; // whether that was right is I1
  const to = Math.min(closingFrom, deletedAt, closed?.at ?? Infinity, podDoneFrom, end);
  return to > accepted.at ? { from: accepted.at, to } : undefined;
}

/** What is left of the time without newer connections of the device, each from `slackMs` before it was open. */
export function asNewest({ connections }: World, connection: Connection, time: Interval, slackMs: number): Interval[] {
  const others: Interval[] = [];
  for (const { since, until } of connections.newerThan(connection)) {
    if (since - slackMs >= time.to) break;
    if (until > time.from) others.push({ from: since - slackMs, to: until });
  }
  return subtract(time, merge(others));
}

/** When lookups found the connection or a newer one, which has taken its place. */
export function foundTime(world: World, connection: Connection, time: Interval): Interval[] {
  const holdings = world.registry.timeline(connection.deviceId).within(time);
  return holdings.filter((holding) => isOrSupersedes(world, connection, holding));
}

/** Is this its own entry or that of a newer one? */
export function isOrSupersedes(
  { registry, options }: World,
  { accepted }: Connection,
  { entry }: Pick<Holding, 'entry'>,
): boolean {
  if (!accepted || entry.traceId === accepted.traceId) return true;
  const t = registry.registrations.get(accepted.traceId)?.t ?? accepted.at - options.slackMs;
  return entry.t >= t;
}
