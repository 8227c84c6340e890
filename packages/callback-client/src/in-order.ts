export interface InOrderOptions<T, R> {
  /** Runs under way, and results not taken yet, at most. */
  atOnce: number;
  signal: AbortSignal | undefined;
  start: (item: T) => Promise<R>;
  /** Called once no more items come. */
  ended: () => void;
}

/**
 * Runs `start` for each item and yields what comes of it in the order of the items. The next item is taken only when there is
 * room, so that a consumer who does not read holds the source up. A source that fails fails it after the results of what it gave; a run
 * that rejects, and the signal, at once.
 */
export class InOrder<T, R> {
  readonly #source: Iterator<T> | AsyncIterator<T>;
  readonly #options: InOrderOptions<T, R>;
  readonly #running: Promise<R>[] = [];
  #isOver = false;
  #isStopped = false;
  #failure: { error: unknown } | undefined;
  // The pump waits for room and the consumer for results: never both at once, so one way to wake is enough.
  #wake = (): void => {};

  constructor(items: Iterable<T> | AsyncIterable<T>, options: InOrderOptions<T, R>) {
    this.#source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    this.#options = options;
  }

  async *results(): AsyncGenerator<R, void, undefined> {
    const { signal } = this.#options;
    const onAbort = () => this.#wake();
    signal?.addEventListener('abort', onAbort);
    void this.#pumpToEnd();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const [first] = this.#running;
        if (first) {
          const result = await first;
          void this.#running.shift();
          this.#wake();
          yield result;
        } else if (this.#isOver) break;
        else await this.#changed();
      }
      if (this.#failure) throw this.#failure.error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#stop();
    }
  }

  async #pumpToEnd(): Promise<void> {
    try {
      await this.#pump();
    } catch (error) {
      this.#failure = { error };
    }
    this.#isOver = true;
    this.#options.ended();
    this.#wake();
  }

  async #pump(): Promise<void> {
    const { atOnce, start } = this.#options;
    for (;;) {
      while (this.#running.length >= atOnce && !this.#isStopped) await this.#changed();
      if (this.#isStopped) return;
      const { done, value } = await this.#source.next();
      if (done || this.#isStopped) return;
      const run = start(value);
      run.catch(() => {}); // it is looked at when it is its turn
      this.#running.push(run);
      this.#wake();
    }
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The consumer has enough. */
  #stop(): void {
    this.#isStopped = true;
    this.#wake();
    if (this.#isOver) return;
    const returned = async () => this.#source.return?.();
    returned().catch(() => {}); // nobody is left to hear of it
  }
}
