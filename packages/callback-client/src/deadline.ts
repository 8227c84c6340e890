import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why a send ends before it is decided: its time is over, or the client was closed. */
export type End = 'deadline' | 'closed';

/** The time one send has. It ends early with the caller's signal, or when the client is closed. */
export class Deadline {
  /** Aborts at the end, for whatever reason. */
  readonly signal: AbortSignal;
  #end: End | undefined;
  readonly #endsAt: number;
  readonly #timer: NodeJS.Timeout;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #stop = (end: End): void => {
    this.#end ??= end;
    this.#controller.abort();
  };
  readonly #abort = (): void => this.#stop('deadline');

  constructor(withinMs: number, caller?: AbortSignal) {
    this.signal = this.#controller.signal;
    this.#endsAt = performance.now() + withinMs;
    this.#timer = setTimeout(this.#abort, withinMs);
    this.#caller = caller;
    if (caller) allowMany(caller);
    if (caller?.aborted) this.#abort();
    caller?.addEventListener('abort', this.#abort);
  }

  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** Undefined while it lasts. */
  get end(): End | undefined {
    return this.#end;
  }

  /** Ends it now: the client was closed. */
  close(): void {
    this.#stop('closed');
  }

  throwIfAborted(): void {
    this.#caller?.throwIfAborted();
  }

  /** Resolves after `ms`, or at the end. */
  async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal }).catch(() => {}); // whoever waits looks at `end`
  }

  /** Rejects when the promise is not settled within `ms`, or before the end. */
  race<T>(promise: Promise<T>, ms = this.leftMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = () => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', giveUp);
      };
      const giveUp = () => {
        forget();
        reject(new Error('the time for this message has ended'));
      };
      const timer = setTimeout(giveUp, ms);
      this.signal.addEventListener('abort', giveUp);
      if (this.signal.aborted) giveUp();
      void promise.then(resolve, reject).then(forget);
    });
  }

  /** Its work is done. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#abort);
  }
}

/** One signal may be for many messages, each of which listens as long as it is under way: Node would take that for a leak. */
function allowMany(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // not one of Node's own, which does not count
  }
}
