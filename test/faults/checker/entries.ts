/** What becomes of entries: I1 and I3. */
import type { Connection } from './connections.ts';
import type { PodLife } from './pods.ts';
import type { Deletion } from './replay.ts';
import { clock, Judge, ms } from './report.ts';
import type { Verdict } from './report.ts';
import { expiryToleranceMs } from './timeline.ts';
import type { Held, Holding } from './timeline.ts';
import type { World } from './world.ts';

/** I1: an entry is deleted or overwritten only by the connection that wrote it, by a newer one, or by its lease. */
export function checkDeletions(world: World): Verdict {
  const judge = new Judge('I1');
  judge.decided += world.registry.writes - world.registry.overwrites.length;
  for (const { fact, stored } of world.registry.overwrites) {
    const { traceId, t } = fact.entry;
    const older = `${traceId} wrote its entry of t ${t}`;
    const newer = `that of ${stored.entry.traceId} of t ${stored.entry.t}`;
    const sentence = `${fact.deviceId}: at ${clock(fact.at)} connection ${older} over ${newer}`;
    judge.decide({ at: fact.at, sentence, facts: [stored.source, fact] });
  }
  for (const deletion of world.registry.deletions) judgeDeletion(world, judge, deletion);
  return judge;
}

function judgeDeletion(world: World, judge: Judge, { fact, stored }: Deletion): void {
  if (!stored) return judge.pass();
  const connection = world.connections.byTrace.get(stored.entry.traceId);
  const wrong = foreignAsker(fact.by, stored) ?? livingOwner(world, fact.at, connection);
  if (wrong === undefined) return judge.pass();
  if (!wrong) return judge.decide(false);
  const sentence = `${fact.deviceId}: at ${clock(fact.at)} the entry of ${stored.entry.traceId} was deleted ${wrong}`;
  judge.decide({ at: fact.at, sentence, facts: [stored.source, fact, connection?.accepted, connection?.ended] });
}

/** Undefined: whoever asked for it may have been the right one. */
function foreignAsker({ traceId, podId }: Deletion['fact']['by'], { entry }: Held): string | undefined {
  if (traceId !== undefined && traceId !== entry.traceId) return `by connection ${traceId}`;
  if (podId !== undefined && podId !== entry.podId) return `by pod ${podId}`;
  return undefined;
}

/** A connection deletes its entry when it closes, and then it is soon over. Undefined: nobody can tell. */
function livingOwner(
  { options, end, pods }: World,
  at: number,
  connection: Connection | undefined,
): string | false | undefined {
  if (!connection?.accepted) return undefined;
  const overBy = at + options.closeGraceMs + options.slackMs;
  if (connection.until <= overBy) return false;
  if (end < overBy || pods.of(connection.podId).wasFrozen({ from: at, to: overBy })) return undefined;
  return 'although that connection went on living';
}

/** I3: of a pod that was killed no entry is left past the lease and a second. */
export function checkLeftovers(world: World): Verdict {
  const judge = new Judge('I3');
  const deadlines = new Map<string, { pod: PodLife; at: number }>();
  for (const pod of world.pods.all()) {
    if (pod.goneBy === Infinity || pod.exited?.code === 0) continue; // that is a drain's own rule
    const at = lastLeaseEnd(world, pod);
    if (at > world.end) judge.pass();
    else deadlines.set(pod.podId, { pod, at });
  }
  judge.decided += deadlines.size;
  for (const timeline of world.registry.timelines()) {
    for (const holding of timeline.holdings) {
      const deadline = deadlines.get(holding.entry.podId);
      if (deadline && holding.to > deadline.at && holding.isCertain)
        judge.decide(leftover(deadline.pod, holding, world.end));
    }
  }
  return judge;
}

/** What a pod has sent to a Redis that was paused is carried out when it goes on, with the sender long gone. */
function lastLeaseEnd({ disturbances, options }: World, pod: PodLife): number {
  const { goneBy, goneFrom, podId } = pod;
  const outage = disturbances.outages(podId).find(({ from, to }) => from <= goneBy && to + options.slackMs >= goneFrom);
  const lastWrite = outage ? Math.max(goneBy, outage.to + options.slackMs) : goneBy;
  return lastWrite + options.leaseTtlMs + 1000 + expiryToleranceMs;
}

function leftover({ podId, goneBy, killed, exited }: PodLife, { entry, to, source }: Holding, end: number) {
  const lastedMs = Math.min(to, end) - goneBy;
  const sentence = `an entry of pod ${podId}, connection ${entry.traceId}, was there ${ms(lastedMs)} after its pod was gone`;
  return { at: Math.min(to, end), sentence, facts: [killed, exited, source] };
}
