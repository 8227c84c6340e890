import { pause } from '../within.ts';

const everyMs = 250;

/**
 * The worst event-loop lag of ws-connect over a time, from its own gauge, which tells the worst since the last scrape. A scrape
 * itself holds the event loop up the longer the more connections there are, so there is one at the start and one at the end,
 * and others only while `isCheap`.
 */
export class LagWatch {
  /** Until now, ms. It has what the scrape at the start cost in it. */
  worstMs = 0;
  /** How long the answer to the scrape at the start took, ms. */
  scrapeMs = 0;
  readonly #url: string;
  readonly #isCheap: () => boolean;
  #ended = false;
  #over: Promise<void> = Promise.resolve();

  private constructor(admin: string, isCheap: () => boolean) {
    this.#url = `${admin}/metrics`;
    this.#isCheap = isCheap;
  }

  /** Resolves once what was before is forgotten. */
  static async start(admin: string, isCheap: () => boolean): Promise<LagWatch> {
    const watch = new LagWatch(admin, isCheap);
    const startedAt = performance.now();
    await watch.#scrape();
    watch.scrapeMs = performance.now() - startedAt;
    watch.worstMs = 0;
    watch.#over = watch.#run();
    return watch;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#over;
    await this.#scrape();
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      await pause(everyMs);
      if (this.#isCheap()) await this.#scrape();
    }
  }

  /** Does nothing once the pod is gone: its end is looked at elsewhere, with its exit code. */
  async #scrape(): Promise<void> {
    const text = await fetch(this.#url).then(
      (answer) => answer.text(),
      () => undefined,
    );
    if (text === undefined) return;
    const seconds = Number(/^ws_connect_event_loop_lag_seconds (\S+)$/m.exec(text)?.[1]);
    if (!(seconds >= 0)) throw new Error('no event-loop lag in the metrics');
    this.worstMs = Math.max(this.worstMs, seconds * 1000);
  }
}
