/** Who is in the registry: I2 and I4. */
import type { FactOf } from '../history.ts';
import type { Connection } from './connections.ts';
import type { Interval } from './intervals.ts';
import { lengthOf, subtractAll } from './intervals.ts';
import type { Holding } from './timeline.ts';
import { asNewest, foundTime, owedTime } from './presence.ts';
import { clock, Judge, ms, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

/** I4: with Redis reachable every live connection is registered within a refresh and a second. */
export function checkRegistration(world: World): Verdict {
  const judge = new Judge('I4');
  const tookMs: number[] = [];
  for (const connection of world.connections.all) {
    judgeRegistration(world, judge, connection);
    const first = registeredAfterMs(world, connection);
    if (first !== undefined) tookMs.push(first);
  }
  judge.figures['registeredAfterMs'] = spread(tookMs);
  return judge;
}

function judgeRegistration(world: World, judge: Judge, connection: Connection): void {
  const { options, disturbances } = world;
  const owed = owedTime(world, connection);
  const boundMs = options.refreshMs + 1000 + options.slackMs;
  if (!owed || lengthOf(owed) <= boundMs) return judge.pass();
  const alone = asNewest(world, connection, owed, options.slackMs);
  const clear = subtractAll(alone, disturbances.unregistered(connection.podId));
  const missing = subtractAll(clear, foundTime(world, connection, owed));
  const tooLong = missing.find((piece) => lengthOf(piece) > boundMs && !isLeftByOutage(world, connection, piece));
  if (!tooLong) return judge.decide(false);
  const sentence =
    `${connection.deviceId}: connection ${connection.name} was not registered ` +
    `for ${ms(lengthOf(tooLong))} from ${clock(tooLong.from)} on`;
  judge.decide({ at: tooLong.from, sentence, facts: [connection.opened, connection.accepted, connection.ended] });
}

/** Then it is the recovery that has failed, which is I11. */
function isLeftByOutage({ disturbances }: World, { podId, accepted }: Connection, { from }: Interval): boolean {
  return disturbances.outages(podId).some(({ to, recoveredBy }) => recoveredBy === from && accepted!.at <= to);
}

/** From the accept to its first registration, when nothing was in its way. */
function registeredAfterMs({ registry, disturbances }: World, { accepted, podId }: Connection): number | undefined {
  const first = accepted && registry.registrations.get(accepted.traceId)?.at;
  if (first === undefined) return undefined;
  const way = { from: accepted!.at, to: first };
  return subtractAll([way], disturbances.touching(podId))[0]?.to === first ? Math.max(0, first - way.from) : undefined;
}

/** I2: after quiet every live device has an entry, and it names its newest live connection. */
export function checkQuiet(world: World): Verdict {
  const judge = new Judge('I2');
  for (const mark of world.faults.quiet) {
    for (const deviceId of world.connections.byDevice.keys()) judgeDevice(world, judge, deviceId, mark);
  }
  return judge;
}

function judgeDevice(world: World, judge: Judge, deviceId: string, mark: FactOf<'quiet'>): void {
  const { options, registry, disturbances, connections } = world;
  const at = mark.at + options.settleMs;
  const newest = connections.newestAt(deviceId, at);
  if (!newest) return judgeAbsence(world, judge, deviceId, mark);
  const isSettled = newest.since <= mark.at && newest.until > at + options.closeGraceMs;
  const isKnown = newest.accepted !== undefined && at + options.closeGraceMs <= world.end;
  const disturbed = disturbances
    .touching(newest.podId)
    .some(({ from, to }) => from <= at && (from > mark.at || to > at));
  if (!isSettled || !isKnown || disturbed) return judge.pass();
  const holding = registry.timeline(deviceId).at(at);
  if (holding && mayBeNamed(world, newest, at).has(holding.entry.traceId)) return judge.decide(false);
  if (holding ? !holding.isCertain : hasJustOutlived(world, newest, at)) return judge.pass();
  const found = holding ? `the entry names ${holding.entry.traceId} at ${holding.entry.podId}` : 'there is no entry';
  const sentence = `${deviceId}: ${ms(options.settleMs)} after quiet ${found}, but the newest live connection is ${newest.name}`;
  judge.decide({ at, sentence, facts: [mark, newest.opened, newest.accepted] });
}

/** A newer connection took its place and has ended: it finds out by its next refresh. */
function hasJustOutlived({ connections, options }: World, connection: Connection, at: number): boolean {
  const since = at - options.refreshMs - options.slackMs;
  return [...connections.newerThan(connection)].some(({ until }) => until > since && until <= at);
}

/** Nothing is left of a device that is not there. */
function judgeAbsence(world: World, judge: Judge, deviceId: string, mark: FactOf<'quiet'>): void {
  const { options, registry, disturbances, connections, pods } = world;
  const at = mark.at + options.settleMs;
  if (at > world.end) return;
  const holding = registry.timeline(deviceId).at(at);
  if (!holding) return judge.decide(false);
  const { entry, isCertain } = holding;
  const connection = connections.byTrace.get(entry.traceId);
  const hasEnded = connection?.ended !== undefined && connection.ended.at <= mark.at;
  const isPodThere = pods.of(entry.podId).goneFrom > at; // what one that is gone may leave is I3 and I7
  const disturbed = disturbances.touching(entry.podId).some(({ from, to }) => from <= at && to > mark.at);
  if (!hasEnded || !isPodThere || disturbed || !isCertain || wasDeleted(world, holding)) return judge.pass();
  const sentence = `${deviceId}: ${ms(options.settleMs)} after quiet the entry still names ${connection.name}, which has ended`;
  judge.decide({ at, sentence, facts: [mark, connection.accepted, connection.ended, holding.source] });
}

/** A failover may have brought the entry back: then its lease ends it. */
function wasDeleted({ registry }: World, { entry, source }: Holding): boolean {
  const deletedAt = registry.deletedAt.get(entry.traceId) ?? Infinity;
  return source.type === 'redis.snapshot' ? deletedAt < Infinity : source.at <= deletedAt && deletedAt < Infinity;
}

/** Of connections opened that close together either may be the newer. */
function mayBeNamed({ connections, options }: World, newest: Connection, at: number): Set<string | undefined> {
  const near = connections.near(newest, options.slackMs).filter(({ until }) => until > at);
  return new Set(near.map(({ traceId }) => traceId));
}
