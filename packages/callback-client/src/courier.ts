import { PodError } from './internal/pod-exchange.ts';
import type { Breaker } from './breaker.ts';
import type { Deadline } from './deadline.ts';
import type { Message } from './message.ts';
import type { Post } from './post.ts';
import type { BatchResult } from './result.ts';
import { nextTryMs } from './retry.ts';
import type { Route, Router } from './route.ts';
import type { Verdict } from './verdict.ts';
import { judge } from './verdict.ts';

export interface CourierOptions {
  router: Router;
  breaker: Breaker;
  post: Post;
}

export interface Delivery {
  message: Message;
  deadline: Deadline;
  reconnectWaitMs: number;
  /** How the first try is made, when it is not by a request of its own; and what is called when it is over. */
  first?: { post: Post; over: () => void };
}

/** What is known of a message while it is under way. */
interface Trail {
  attempts: number;
  last: Verdict | undefined;
  /** It may have been delivered since this try. */
  doubt: (Verdict & { outcome: 'unknown' }) | undefined;
  /** The connection that its pod says is gone. */
  denied: string | undefined;
  /** Since when no pod is known to hold the device. */
  offlineSince: number | undefined;
}

interface Try {
  verdict: Verdict;
  mayHaveMoved: boolean;
}

/** Tries to deliver a message until it is decided what became of it, or its time is over. */
export class Courier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Rejects only with the reason of the caller's signal, or with what the token function threw. */
  async deliver({ message, deadline, reconnectWaitMs, first }: Delivery): Promise<BatchResult> {
    const trail: Trail = { attempts: 0, last: undefined, doubt: undefined, denied: undefined, offlineSince: undefined };
    const { isIdempotent } = message;
    for (let tries = 1; ; tries += 1) {
      const isFirst = tries === 1 && first !== undefined;
      const post = isFirst ? first.post : this.#options.post;
      const tried = await this.#try(message, deadline, { trail, post }).finally(isFirst ? first.over : undefined);
      deadline.throwIfAborted();
      if (!tried) return conclude(message, trail, deadline);
      note(trail, tried.verdict);
      const reconnectLeftMs = reconnectWaitMs - offlineMs(trail);
      const waitMs = nextTryMs({ ...tried, tries, isIdempotent, reconnectLeftMs });
      if (waitMs === undefined || waitMs >= deadline.leftMs) return conclude(message, trail, deadline);
      await deadline.wait(waitMs);
    }
  }

  /** Undefined: its time was over before anybody was asked. */
  async #try(
    message: Message,
    deadline: Deadline,
    { trail, post }: { trail: Trail; post: Post },
  ): Promise<Try | undefined> {
    const { router } = this.#options;
    if (deadline.end) return undefined;
    const route = await router.find(message.deviceId, deadline);
    if (deadline.end) return undefined;
    if ('outcome' in route) return { verdict: route, mayHaveMoved: false };
    const { traceId } = route;
    if (traceId !== undefined && traceId === trail.denied)
      return { verdict: { outcome: 'offline' }, mayHaveMoved: false };
    trail.attempts += 1;
    const verdict = await this.#ask(route, message, deadline, post);
    if (isDelivered(verdict)) return { verdict, mayHaveMoved: false };
    router.forget(message.deviceId);
    if (verdict.outcome !== 'offline') return { verdict, mayHaveMoved: false };
    trail.denied = traceId;
    return { verdict, mayHaveMoved: router.canLookUp };
  }

  async #ask({ pod }: Route, message: Message, deadline: Deadline, post: Post): Promise<Verdict> {
    const { router, breaker } = this.#options;
    const beganAt = performance.now();
    try {
      const { answer, owner } = await post(pod, message, deadline);
      breaker.answered(pod.name);
      const verdict = judge(answer);
      const { status, podId, traceId } = answer;
      if (owner !== undefined && podId !== undefined && status === 200) {
        router.learn(message.deviceId, { at: owner, podId, traceId });
      }
      return verdict;
    } catch (error) {
      const isNoAnswer = error instanceof PodError;
      if (!isNoAnswer && !deadline.end) throw error;
      const failure = isNoAnswer ? error.code : 'unsent';
      if (!deadline.end && isNotThere.has(failure)) breaker.failed(pod.name);
      if (!deadline.end && failure === 'timed-out') breaker.timedOut(pod.name, performance.now() - beganAt);
      return this.#unanswered(failure, deadline);
    }
  }

  /** A request that got no answer: whether it can have arrived decides. */
  #unanswered(failure: PodError['code'], { end }: Deadline): Verdict {
    const retryAfterMs = undefined;
    if (isNotThere.has(failure)) {
      return { outcome: 'unavailable', code: end ?? this.#options.router.unreachable, retryAfterMs };
    }
    if (failure === 'unsent') return { outcome: 'unavailable', code: end ?? 'no-connection-free', retryAfterMs };
    return { outcome: 'unknown', code: end ?? (failure === 'timed-out' ? 'timed-out' : 'no-answer'), retryAfterMs };
  }
}

/** The pod is not there. What answered in its place, if anything did, has delivered nothing. */
const isNotThere = new Set<PodError['code']>(['unreachable', 'unproven']);

function isDelivered({ outcome }: Verdict): boolean {
  return outcome === 'delivered' || outcome === 'acked';
}

function note(trail: Trail, verdict: Verdict): void {
  trail.last = verdict;
  if (verdict.outcome === 'unknown') trail.doubt ??= verdict;
  if (verdict.outcome === 'offline') trail.offlineSince ??= performance.now();
}

function offlineMs({ offlineSince }: Trail): number {
  return offlineSince === undefined ? 0 : performance.now() - offlineSince;
}

/** Whatever was said in the end, a message that may have been delivered before stays in doubt. */
function conclude(
  { deviceId, id }: Message,
  { attempts, last, doubt }: Trail,
  { end = 'deadline' }: Deadline,
): BatchResult {
  const verdict: Verdict = last ?? { outcome: 'unavailable', code: end, retryAfterMs: undefined };
  const final = isDelivered(verdict) ? verdict : (doubt ?? verdict);
  const sent = { deviceId, id, attempts };
  if (final.outcome === 'unknown') return { ...sent, outcome: 'unknown', code: final.code };
  return { ...sent, ...final };
}
