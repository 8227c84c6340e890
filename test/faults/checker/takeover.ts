/** I5: after a takeover there is one live connection per device. */
import type { Connection } from './connections.ts';
import type { Interval } from './intervals.ts';
import { lengthOf, longest, merge, subtractAll, touches } from './intervals.ts';
import { clock, Judge, ms, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

export function checkTakeovers(world: World): Verdict {
  const judge = new Judge('I5');
  const overlaps = { quiet: [] as number[], faulty: [] as number[] };
  for (const ofDevice of world.connections.byDevice.values()) {
    for (const [index, connection] of ofDevice.entries()) {
      judgeOlder(world, judge, connection);
      const overlap = overlapOf(connection, ofDevice[index + 1]);
      if (!overlap) continue;
      const disturbed = touches(world.disturbances.anything(), overlap);
      overlaps[disturbed ? 'faulty' : 'quiet'].push(Math.min(overlap.to, world.end) - overlap.from);
    }
  }
  judge.figures['overlapMs'] = spread(overlaps.quiet);
  judge.figures['overlapInFaultsMs'] = spread(overlaps.faulty);
  return judge;
}

/** The time in which the device had both open. */
function overlapOf(older: Connection, newer: Connection | undefined): Interval | undefined {
  if (!newer) return undefined;
  const to = Math.min(older.until, newer.until);
  return to > newer.since ? { from: newer.since, to } : undefined;
}

/** The older one finds out by its next refresh, or at once when the newer one is on the same pod. */
function judgeOlder(world: World, judge: Judge, older: Connection): void {
  const { options, disturbances, end } = world;
  if (!older.accepted) return judge.pass();
  const alive = { from: older.accepted.at, to: Math.min(older.until, end) };
  const outranked = merge([...rivalEntries(world, older, alive), ...rivalsHere(world, older, alive)]);
  if (outranked.length === 0) return;
  const clear = subtractAll(outranked, disturbances.touching(older.podId));
  const worst = longest(clear);
  if (!worst) return judge.pass();
  const graceMs = older.pauses.length > 0 ? options.closeGraceMs : 0; // it does not answer the close
  if (lengthOf(worst) <= options.refreshMs + options.slackMs + graceMs) return judge.decide(false);
  const sentence =
    `${older.deviceId}: connection ${older.name} was still open ${ms(lengthOf(worst))} ` +
    `after a newer one had taken over at ${clock(worst.from)}`;
  judge.decide({ at: worst.from, sentence, facts: [older.opened, older.accepted, older.closed, older.ended] });
}

/** When the registry named a newer connection, by the order of `t`. */
function rivalEntries({ registry }: World, { accepted, deviceId }: Connection, alive: Interval): Interval[] {
  const { traceId } = accepted!;
  const own = registry.registrations.get(traceId);
  if (!own) return [];
  const rivals = registry
    .timeline(deviceId)
    .within(alive)
    .filter(({ entry, isCertain }) => {
      return isCertain && entry.traceId !== traceId && entry.t > own.t;
    });
  return rivals.map(({ from, to }) => ({ from: Math.max(from, alive.from), to: Math.min(to, alive.to) }));
}

/** When a newer connection was open on the same pod. */
function rivalsHere({ connections }: World, older: Connection, alive: Interval): Interval[] {
  const rivals: Interval[] = [];
  for (const each of connections.newerThan(older)) {
    if (each.since >= alive.to) break;
    if (each.podId !== older.podId || !each.accepted) continue;
    const rival = { from: Math.max(each.accepted.at, alive.from), to: Math.min(each.until, alive.to) };
    if (rival.from < rival.to) rivals.push(rival);
  }
  return rivals;
}
