/** A part of I8: a pod that stood still does not know whom its devices have gone to meanwhile. */
import type { Callback } from './callbacks.ts';
import { deliveryOf } from './callbacks.ts';
import type { Connection } from './connections.ts';
import type { Interval } from './intervals.ts';
import { lengthOf, touches } from './intervals.ts';
import type { Judge } from './report.ts';
import { ms } from './report.ts';
import type { World } from './world.ts';

/** After a freeze longer than the lease no connection answers 200 while the registry has named others ever since. */
export function judgeAfterThaw(world: World, judge: Judge, callback: Callback): void {
  const { sent } = callback;
  const answer = deliveryOf(callback);
  const connection = answer?.traceId === undefined ? undefined : world.connections.byTrace.get(answer.traceId);
  const freeze = connection && freezeBefore(world, connection, callback);
  if (!freeze) return;
  const since = { from: freeze.to, to: answer!.at };
  if (touches(world.disturbances.outages(connection.podId), since)) return judge.pass(); // a deposed master may have been asked
  const named = world.registry.timeline(connection.deviceId).within(since);
  const other = named.findLast(({ from, to }) => from <= since.from && to >= since.to);
  if (!other) return judge.pass(); // it may have been verified in between
  if (other.entry.traceId === connection.traceId || !other.isCertain) return judge.decide(false);
  const found = `while the registry named ${other.entry.traceId} at ${other.entry.podId}`;
  const sentence =
    `callback ${sent.id} to ${sent.deviceId} was answered 200 for connection ${connection.name} ` +
    `${ms(lengthOf(since))} after its pod had stood still for ${ms(lengthOf(freeze))}, ${found}`;
  judge.decide({ at: answer!.at, sentence, facts: [sent, answer, connection.accepted, other.source] });
}

/** The last one that came after the accept and was not over when the callback was sent, or had been over before. */
function freezeBefore(
  { options, pods }: World,
  { accepted, podId }: Connection,
  { sent, answers }: Callback,
): Interval | undefined {
  const answeredAt = answers[0]!.at;
  return pods.of(podId).freezes.findLast((freeze) => {
    return (
      freeze.from >= accepted!.at &&
      freeze.from <= sent.at &&
      freeze.to <= answeredAt &&
      lengthOf(freeze) > options.leaseTtlMs
    );
  });
}
