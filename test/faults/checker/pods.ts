import type { Fact, FactOf } from '../history.ts';
import type { Interval } from './intervals.ts';

/** One pod's life, from its log and from outside. */
export class PodLife {
  readonly podId: string;
  readonly drains: FactOf<'drain.began'>[] = [];
  over: FactOf<'drain.over'> | undefined;
  exited: FactOf<'pod.exited'> | undefined;
  killed: FactOf<'pod.signalled'> | undefined;
  terminations = 0;
  /** From SIGSTOP to SIGCONT. */
  readonly freezes: Interval[] = [];
  readonly asked: FactOf<'pre-stop.asked'>[] = [];
  readonly answers: FactOf<'pre-stop.answered'>[] = [];
  readonly unanswered: FactOf<'pre-stop.failed'>[] = [];
  readonly memory: FactOf<'pod.memory'>[] = [];

  constructor(podId: string) {
    this.podId = podId;
  }

  /** From here on it may do nothing any more; Infinity while it lives. */
  get goneFrom(): number {
    return Math.min(this.killed?.at ?? Infinity, this.exited?.at ?? Infinity);
  }

  /** From here on it does nothing any more for certain. */
  get goneBy(): number {
    return this.exited?.at ?? this.killed?.at ?? Infinity;
  }

  /** From here on it cuts what is left: its connections are no longer looked after. */
  get doneFrom(): number {
    return Math.min(this.over?.at ?? Infinity, this.goneFrom);
  }

  wasFrozen({ from, to }: Interval): boolean {
    return this.freezes.some((freeze) => freeze.from <= to && freeze.to >= from);
  }

  signalled(fact: FactOf<'pod.signalled'>): void {
    const last = this.freezes.at(-1);
    if (fact.signal === 'SIGKILL') this.killed ??= fact;
    if (fact.signal === 'SIGTERM') this.terminations += 1;
    if (fact.signal === 'SIGSTOP' && last?.to !== Infinity) this.freezes.push({ from: fact.at, to: Infinity });
    if (fact.signal === 'SIGCONT' && last?.to === Infinity) last.to = fact.at;
  }
}

/** All pods of a history. */
export class Pods {
  readonly #lives = new Map<string, PodLife>();

  all(): Iterable<PodLife> {
    return this.#lives.values();
  }

  /** The life of a pod, which may be one nothing is known of. */
  of(podId: string): PodLife {
    let life = this.#lives.get(podId);
    if (!life) this.#lives.set(podId, (life = new PodLife(podId)));
    return life;
  }

  note(fact: Fact): void {
    switch (fact.type) {
      case 'pod.ready':
        this.of(fact.podId);
        break;
      case 'drain.began':
        this.of(fact.podId).drains.push(fact);
        break;
      case 'drain.over':
        this.of(fact.podId).over ??= fact;
        break;
      case 'pod.exited':
        this.of(fact.podId).exited ??= fact;
        break;
      case 'pod.signalled':
        this.of(fact.podId).signalled(fact);
        break;
      case 'pre-stop.asked':
        this.of(fact.podId).asked.push(fact);
        break;
      case 'pre-stop.answered':
        this.of(fact.podId).answers.push(fact);
        break;
      case 'pre-stop.failed':
        this.of(fact.podId).unanswered.push(fact);
        break;
      case 'pod.memory':
        this.of(fact.podId).memory.push(fact);
        break;
      default:
    }
  }
}
