/** I11: a Redis outage closes no socket, and everybody is registered again in time. */
import type { UnexplainedClose } from './closes.ts';
import { closesSentence, grouped } from './closes.ts';
import type { Connection } from './connections.ts';
import type { Outage } from './faults.ts';
import { asNewest, isOrSupersedes, owedTime } from './presence.ts';
import { clock, Judge, ms, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

export function checkOutages(world: World, closes: readonly UnexplainedClose[]): Verdict {
  const judge = new Judge('I11');
  const recoveredAfterMs: number[] = [];
  for (const { podId } of world.pods.all()) {
    const outages = world.disturbances.outages(podId);
    const alive = new Population(world.connections.byPod.get(podId) ?? []);
    const closesHere = closes.filter(({ connection }) => connection.podId === podId);
    for (const [index, outage] of outages.entries()) {
      const during = closesHere.filter(({ at }) => at >= outage.from && at <= outage.recoveredBy);
      if (alive.at(outage.from).length > 0 || during.length > 0) judgeCloses(judge, outage, during);
      const nextFrom = outages[index + 1]?.from ?? Infinity;
      judgeRecovery(world, judge, { podId, outage, nextFrom, alive: alive.at(outage.to), recoveredAfterMs });
    }
  }
  judge.figures['recoveredAfterMs'] = spread(recoveredAfterMs);
  return judge;
}

function judgeCloses(judge: Judge, { from, fault }: Outage, during: readonly UnexplainedClose[]): void {
  if (during.length === 0) judge.decide(false);
  for (const group of grouped(during)) {
    const facts = group.slice(0, 3).flatMap(({ connection: { opened, closed, ended } }) => [opened, closed, ended]);
    const name = fault?.fact.name ?? 'an outage';
    const sentence = `${name} from ${clock(from)} on: ${closesSentence(group)}`;
    judge.decide({ at: group[0]!.at, sentence, facts: [fault?.fact, ...facts] });
  }
}

/** Who is there at a time. To be asked in the order of time. */
class Population {
  readonly #coming: readonly Connection[];
  #came = 0;
  #there: Connection[] = [];

  /** `coming` in the order of `since`. */
  constructor(coming: readonly Connection[]) {
    this.#coming = coming;
  }

  at(time: number): readonly Connection[] {
    for (let next = this.#coming[this.#came]; next && next.since <= time; next = this.#coming[this.#came]) {
      this.#there.push(next);
      this.#came += 1;
    }
    this.#there = this.#there.filter(({ until }) => until >= time);
    return this.#there;
  }
}

interface Recovery {
  podId: string;
  outage: Outage;
  /** When the next one begins. */
  nextFrom: number;
  /** The pod's connections at its end. */
  alive: readonly Connection[];
  recoveredAfterMs: number[];
}

function judgeRecovery(
  world: World,
  judge: Judge,
  { podId, outage, nextFrom, alive, recoveredAfterMs }: Recovery,
): void {
  const { to, recoveredBy } = outage;
  const frozen = world.pods.of(podId).wasFrozen({ from: to, to: recoveredBy });
  if (recoveredBy > world.end || nextFrom <= recoveredBy || frozen) return judge.pass();
  const owed = alive.filter((connection) => isOwedThroughout(world, connection, outage));
  if (owed.length === 0) return judge.pass();
  const missing = owed.filter((connection) => !isFoundAt(world, connection, recoveredBy));
  for (const connection of owed) recoveredAfterMs.push(...recoveryOf(world, connection, outage));
  if (missing.length === 0) return judge.decide(false);
  const sentence =
    `${missing.length} of ${owed.length} connections of pod ${podId} were not registered ` +
    `${ms(recoveredBy - to)} after ${outage.fault?.fact.name ?? 'an outage'} had ended, such as ${missing[0]!.name}`;
  const facts = [outage.fault?.fact, ...missing.slice(0, 3).flatMap(({ opened, accepted }) => [opened, accepted])];
  judge.decide({ at: recoveredBy, sentence, facts });
}

/** Open from before the end of the outage to the end of the recovery, and the newest of its device all the while. */
function isOwedThroughout(world: World, connection: Connection, { to, recoveredBy }: Outage): boolean {
  const owed = owedTime(world, connection);
  if (!owed || owed.from > to || owed.to < recoveredBy) return false;
  const [alone] = asNewest(world, connection, { from: to, to: recoveredBy }, world.options.slackMs);
  return alone !== undefined && alone.from === to && alone.to === recoveredBy;
}

/** It, or a newer one in its place. The benefit of the doubt is its own. */
function isFoundAt(world: World, connection: Connection, at: number): boolean {
  const holding = world.registry.timeline(connection.deviceId).at(at);
  return holding !== undefined && (!holding.isCertain || isOrSupersedes(world, connection, holding));
}

/** How long after the outage it was found again; nothing for one that was found all the time, or not at all. */
function recoveryOf(world: World, connection: Connection, { to, recoveredBy }: Outage): number[] {
  if (isFoundAt(world, connection, to)) return [];
  const holdings = world.registry.timeline(connection.deviceId).within({ from: to, to: recoveredBy });
  const found = holdings.find((holding) => isOrSupersedes(world, connection, holding));
  return found ? [found.from - to] : [];
}
