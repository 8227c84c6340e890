/** What becomes of callbacks: I8 and I9. */
import type { Callback, Received } from './callbacks.ts';
import { deliveryOf } from './callbacks.ts';
import { lengthOf, longest, merge, subtract, touches } from './intervals.ts';
import type { Connection } from './connections.ts';
import { judgeAfterThaw } from './thaws.ts';
import { clock, Judge, ms, spread } from './report.ts';
import type { Verdict } from './report.ts';
import type { World } from './world.ts';

/** What came of the callbacks that were answered with 200. */
export interface Losses {
  /** The frame came. */
  arrived: number;
  /** It did not, and its connection broke or was not read: the caller could not know. */
  broken: number;
  /** It did not, and nothing excuses that. */
  unexcused: number;
}

/** I8: a 200 means the bytes went to exactly the device, and the connection, named. */
export function checkDeliveries(world: World): Verdict & { losses: Losses } {
  const judge = new Judge('I8');
  const losses: Losses = { arrived: 0, broken: 0, unexcused: 0 };
  for (const frame of world.callbacks.strangers) {
    const deviceId = world.connections.byConn.get(frame.conn)?.deviceId;
    judge.decide({ at: frame.at, sentence: `${deviceId} got a frame nobody sent: ${frame.body}`, facts: [frame] });
  }
  for (const callback of world.callbacks.byId.values()) {
    for (const frame of callback.frames) judgeFrame(world, judge, callback, frame);
    judgeAnswer(world, judge, callback);
    judgeAfterThaw(world, judge, callback);
    if (deliveryOf(callback)) judgeArrival(world, judge, callback, losses);
  }
  return Object.assign(judge, { losses });
}

function judgeFrame(world: World, judge: Judge, callback: Callback, frame: Received): void {
  const { sent, answers } = callback;
  const to = world.connections.byConn.get(frame.conn);
  if (!to) throw new Error(`history: a frame for connection ${frame.conn}, which was never opened`);
  const meant = sent.ifMatch ?? deliveryOf(callback)?.traceId;
  const isThere = to.deviceId === sent.deviceId;
  if (isThere && (meant === undefined || to.traceId === undefined || to.traceId === meant)) return judge.decide(false);
  const where = isThere ? `connection ${to.name}, not to ${meant}` : `device ${to.deviceId}`;
  const sentence = `callback ${sent.id} to ${sent.deviceId}: the frame came to ${where}`;
  judge.decide({ at: frame.at, sentence, facts: [sent, ...answers, frame, to.opened] });
}

/** What a 200 says of itself has to fit. */
function judgeAnswer({ connections }: World, judge: Judge, callback: Callback): void {
  const { sent } = callback;
  const answer = deliveryOf(callback);
  if (!answer) return;
  const owner = answer.traceId === undefined ? undefined : connections.byTrace.get(answer.traceId);
  const isOther = sent.ifMatch !== undefined && answer.traceId !== sent.ifMatch;
  const isForeign = owner !== undefined && (owner.deviceId !== sent.deviceId || owner.podId !== answer.podId);
  if (!isOther && !isForeign) return judge.decide(false);
  const asked = sent.ifMatch === undefined ? '' : ` with If-Match ${sent.ifMatch}`;
  const given = `200 for connection ${answer.traceId} at ${answer.podId}`;
  const sentence = `callback ${sent.id} to ${sent.deviceId}${asked} was answered ${given}`;
  judge.decide({ at: answer.at, sentence, facts: [sent, answer, owner?.accepted] });
}

/** The bytes arrive unless the connection breaks first: given a quiet moment that is long enough, they have. */
function judgeArrival(world: World, judge: Judge, callback: Callback, losses: Losses): void {
  const { sent, frames } = callback;
  if (frames.length > 0) {
    losses.arrived += 1;
    return;
  }
  const answer = deliveryOf(callback)!;
  const connection = answer.traceId === undefined ? undefined : world.connections.byTrace.get(answer.traceId);
  if (!connection?.opened) return judge.pass();
  const { closed } = connection;
  if (!isOrderlyClose(connection) && !hadTime(world, connection, answer.at)) {
    losses.broken += 1;
    return judge.pass();
  }
  losses.unexcused += 1;
  const sentence = `callback ${sent.id} to ${sent.deviceId} was answered 200, but no frame came to ${connection.name}`;
  judge.decide({ at: answer.at, sentence, facts: [sent, answer, connection.opened, closed] });
}

/** TCP keeps the order: what was written before a close frame that came has come too. */
function isOrderlyClose({ closed, pauses }: Connection): boolean {
  return closed !== undefined && closed.by === 'peer' && closed.code !== 1006 && pauses.length === 0;
}

function hadTime({ options, disturbances, end }: World, connection: Connection, from: number): boolean {
  const { closed, podId, pauses } = connection;
  const closing = closed?.by === 'device' ? options.closeGraceMs : 0; // when it began to close is not known
  const to = Math.min((closed?.at ?? Infinity) - closing, connection.podDoneFrom, end);
  if (to <= from) return false;
  const quiet = longest(subtract({ from, to }, merge([...disturbances.touching(podId), ...pauses])));
  return quiet !== undefined && lengthOf(quiet) > options.slackMs;
}

/** I9: every accepted callback gets exactly one answer, and no frame comes twice. */
export function checkAnswers(world: World): Verdict {
  const judge = new Judge('I9');
  const tookMs: number[] = [];
  for (const callback of world.callbacks.byId.values()) {
    const { sent, answers, frames } = callback;
    const wrong = wrongWith(world, callback);
    if (wrong === undefined) judge.pass();
    else if (!wrong) judge.decide(false);
    else {
      const sentence = `callback ${sent.id} to ${sent.deviceId} ${wrong}`;
      judge.decide({ at: sent.at, sentence, facts: [sent, ...answers, ...frames].slice(0, 6) });
    }
    const [answer] = answers;
    if (answer?.type === 'callback.answered') tookMs.push(answer.at - sent.at);
  }
  judge.figures['answeredAfterMs'] = spread(tookMs);
  return judge;
}

/** Undefined: not to be decided. */
function wrongWith(world: World, callback: Callback): string | false | undefined {
  const { sent, answers, frames } = callback;
  const { options, end } = world;
  if (frames.length > 1) return `came ${frames.length} times, last at ${clock(frames.at(-1)!.at)}`;
  if (answers.length > 1) return `was answered ${answers.length} times`;
  const [answer] = answers;
  if (!answer) return end > sent.at + options.slackMs ? 'was never answered' : undefined;
  if (answer.type === 'callback.answered') return false;
  if (isExcused(world, callback)) return undefined;
  return `failed after ${ms(answer.at - sent.at)} (${answer.cause}), though its pod was there`;
}

/** A connection breaks with its pod; an answer may also be late because another pod, the owner, does not answer. */
function isExcused({ options, pods, faults, disturbances }: World, { sent, answers }: Callback): boolean {
  const [answer] = answers;
  const time = { from: sent.at - options.slackMs, to: answer!.at + options.slackMs };
  if (answer?.type === 'callback.failed' && answer.cause === 'timeout') return touches(disturbances.anything(), time);
  const pod = pods.of(sent.podId);
  const cut = faults
    .on(sent.podId)
    .some(({ fact, from, to }) => fact.closesSockets && from <= time.to && to >= time.from);
  if (cut || pod.wasFrozen(time)) return true;
  return pod.killed ? pod.goneFrom <= time.to : sent.at >= pod.doneFrom - options.slackMs; // what it took it answers
}
