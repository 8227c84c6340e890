/** How pods end: I6, I7 and I10. */
import type { PodLife } from './pods.ts';
import { touches } from './intervals.ts';
import { clock, Judge, ms, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

/** I6: no connection is accepted after its pod began to drain. */
export function checkAdmission(world: World): Verdict {
  const judge = new Judge('I6');
  for (const { accepted, opened, podId, deviceId, name } of world.connections.all) {
    const began = world.pods.of(podId).drains[0];
    const dialledLate = opened !== undefined && began && opened.dialledAt > began.at + world.options.slackMs;
    const acceptedLate = accepted !== undefined && began && accepted.at > began.at;
    if (!dialledLate && !acceptedLate) {
      judge.decide(false);
      continue;
    }
    const at = accepted?.at ?? opened!.at;
    const sentence = `${deviceId}: pod ${podId} accepted ${name} ${ms(at - began.at)} after its drain had begun`;
    judge.decide({ at, sentence, facts: [began, accepted, opened] });
  }
  return judge;
}

/** I7: a drain ends within its budget with exit 0 and leaves no entry; nothing else ends a pod but a kill. */
export function checkDrains(world: World): Verdict {
  const judge = new Judge('I7');
  const tookMs: number[] = [];
  const ended = new Map<string, PodLife>();
  for (const pod of world.pods.all()) {
    const { drains, exited, killed } = pod;
    if (!drains[0]) {
      if (exited) judge.decide(!killed && endedAlone(pod));
      continue;
    }
    if (!isFair(world, pod)) {
      judge.pass();
      continue;
    }
    const late = lateEnd(world, pod);
    judge.decide(late);
    if (exited) tookMs.push(exited.at - drains[0].at);
    if (exited && !late && couldUnregister(world, pod)) ended.set(pod.podId, pod);
  }
  judgeLeftEntries(world, judge, ended);
  judge.figures['drainMs'] = spread(tookMs);
  return judge;
}

function endedAlone({ podId, exited }: PodLife) {
  const how = exited!.signal ?? `exit ${exited!.code}`;
  const sentence = `pod ${podId} ended with ${how} at ${clock(exited!.at)}, though nobody killed or drained it`;
  return { at: exited!.at, sentence, facts: [exited] };
}

/** Neither killed nor frozen, and the history goes on until the end of its budget. */
function isFair({ options, end }: World, pod: PodLife): boolean {
  const began = pod.drains[0]!.at;
  const dueBy = began + options.drainBudgetMs + options.slackMs;
  const to = Math.min(pod.goneBy, dueBy);
  return !pod.killed && !pod.wasFrozen({ from: began, to }) && (pod.exited !== undefined || end >= dueBy);
}

/** A second SIGTERM forces the end, and then the exit code is 1. */
function lateEnd({ options }: World, { podId, drains, exited, terminations, over }: PodLife) {
  const [began] = drains;
  const budget = options.drainBudgetMs + options.slackMs;
  const facts = [began, over, exited];
  if (!exited || exited.at - began!.at > budget) {
    const how = exited ? `took ${ms(exited.at - began!.at)}` : 'did not end';
    const sentence = `the drain of pod ${podId} ${how}; its budget is ${ms(options.drainBudgetMs)}`;
    return { at: began!.at + budget, sentence, facts };
  }
  if (exited.code === 0 || terminations > 1) return false;
  const how = exited.signal ?? `exit ${exited.code}`;
  return { at: exited.at, sentence: `the drain of pod ${podId} ended with ${how}`, facts };
}

/** What a pod cannot delete its lease ends. */
function couldUnregister({ disturbances, options }: World, { podId, drains, exited }: PodLife): boolean {
  const drain = { from: drains[0]!.at - options.slackMs, to: exited!.at + options.slackMs };
  return exited!.code === 0 && !touches(disturbances.unregistered(podId), drain);
}

function judgeLeftEntries({ registry, options, end }: World, judge: Judge, ended: Map<string, PodLife>): void {
  for (const timeline of registry.timelines()) {
    for (const { from, to, entry, source, isCertain } of timeline.holdings) {
      const pod = ended.get(entry.podId);
      const by = pod && pod.exited!.at + options.slackMs;
      if (by === undefined || by > end || from > by || to <= by || !isCertain) continue;
      const sentence = `pod ${entry.podId} drained and ended, and left the entry of connection ${entry.traceId}`;
      judge.decide({ at: by, sentence, facts: [pod!.drains[0], pod!.exited, source] });
    }
  }
}

/** I10: many /pre-stop are one drain. */
export function checkPreStops(world: World): Verdict {
  const judge = new Judge('I10');
  for (const pod of world.pods.all()) {
    const { drains, podId } = pod;
    if (drains.length > 1) {
      const sentence = `pod ${podId} began to drain ${drains.length} times`;
      judge.decide({ at: drains[1]!.at, sentence, facts: drains.slice(0, 3) });
    }
    judgeAnswers(judge, pod);
    judgeUnanswered(world, judge, pod);
  }
  return judge;
}

function judgeAnswers(judge: Judge, { answers, podId }: PodLife): void {
  const [first] = answers;
  for (const answer of answers) {
    const { status, body, at, call } = answer;
    const differs = status !== 200 || body !== first!.body;
    const sentence = `pod ${podId} answered /pre-stop ${call} with ${status} ${body}, and the first with ${first!.body}`;
    judge.decide(differs && { at, sentence, facts: [first, answer] });
  }
}

/** The process ends once everyone who waits at /pre-stop has the answer. */
function judgeUnanswered({ options, end, disturbances }: World, judge: Judge, pod: PodLife): void {
  const { podId, unanswered, asked, answers } = pod;
  const open = new Map(asked.map((ask) => [ask.call, ask]));
  for (const { call } of answers) open.delete(call);
  const failed = new Map(unanswered.map((fact) => [fact.call, fact]));
  for (const [call, ask] of open) {
    const fact = failed.get(call);
    const over = { from: ask.at, to: fact?.at ?? end };
    const tooLate = ask.at > pod.doneFrom - options.slackMs;
    const tooEarly = !fact && end < ask.at + options.drainBudgetMs + options.slackMs;
    if (tooLate || tooEarly || pod.killed || touches(disturbances.touching(podId), over)) {
      judge.pass();
      continue;
    }
    const sentence = `pod ${podId} left /pre-stop ${call} without an answer`;
    judge.decide({ at: over.to, sentence, facts: [ask, fact, pod.over, pod.exited] });
  }
}
