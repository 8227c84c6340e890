import type { Clock } from './clock.ts';

/** What is told of an episode. */
export interface EpisodeLog {
  begins(): void;
  /** `times`: how often it happened. */
  ends(times: number): void;
}

/** An episode is over when it has not happened for this long, ms. Devices that were refused come back sooner. */
const quietMs = 10_000;

/** Something that may happen thousands of times a second and is logged twice: when it begins, and when it is over. */
export class Episode {
  readonly #clock: Clock;
  readonly #log: EpisodeLog;
  #times = 0;
  #lastAt = 0;

  constructor(clock: Clock, log: EpisodeLog) {
    this.#clock = clock;
    this.#log = log;
  }

  happened(): void {
    this.#lastAt = this.#clock.now();
    this.#times += 1;
    if (this.#times > 1) return;
    this.#log.begins();
    this.#lookAfter(quietMs);
  }

  #lookAfter(delayMs: number): void {
    this.#clock.setTimeout(() => {
      const left = this.#lastAt + quietMs - this.#clock.now();
      if (left > 0) return this.#lookAfter(left);
      const times = this.#times;
      this.#times = 0;
      this.#log.ends(times);
    }, delayMs);
  }
}
