/** What lookups suffered: the time in which a device was there and the registry did not say where. */
import type { Connection } from './connections.ts';
import { listIn } from './connections.ts';
import type { Fault } from './faults.ts';
import type { Interval } from './intervals.ts';
import { lengthOf, subtractAll } from './intervals.ts';
import { asNewest } from './presence.ts';
import type { Spread } from './report.ts';
import { spread } from './report.ts';
import type { World } from './world.ts';

/** What no fault was under way for. */
export const noFault = 'none';

/**
 * By the name of the fault, how long lookups of a device were wrong or without result, each time, ms: from when a
 * connection was open until the registry named it. A time belongs to the fault it shares the most with.
 */
export function lookupGaps(world: World): Record<string, Spread> {
  const gaps = new Map<string, number[]>();
  for (const connection of world.connections.all) {
    for (const gap of gapsOf(world, connection)) {
      listIn(gaps, faultOf(world, gap)?.fact.name ?? noFault).push(lengthOf(gap));
    }
  }
  return Object.fromEntries([...gaps].map(([name, list]) => [name, spread(list)]));
}

function gapsOf(world: World, connection: Connection): Interval[] {
  const { registry, end } = world;
  const { opened, traceId, deviceId, until, ended } = connection;
  if (!opened || traceId === undefined) return [];
  const closingFrom = Math.min(registry.deletedAt.get(traceId) ?? Infinity, ended?.at ?? Infinity);
  const open = { from: opened.at, to: Math.min(until, closingFrom, end) };
  if (open.from >= open.to) return [];
  const named = registry
    .timeline(deviceId)
    .within(open)
    .filter(({ entry }) => entry.traceId === traceId);
  return subtractAll(asNewest(world, connection, open, 0), named);
}

function faultOf({ faults, options }: World, { from, to }: Interval): Fault | undefined {
  let found: Fault | undefined;
  let most = 0;
  for (const fault of faults.all) {
    const shared = Math.min(to, fault.to + options.settleMs) - Math.max(from, fault.from);
    if (shared <= most) continue;
    most = shared;
    found = fault;
  }
  return found;
}
