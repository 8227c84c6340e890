import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is timed, which is what an idle one takes, ms. */
const resolutionMs = 10;

/** How long the event loop was held up. It costs next to nothing, and nothing while it is stopped. */
export class LoopLag {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });

  start(): void {
    this.#delay.reset(); // otherwise the time for which it was stopped counts as one delay
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  /** The longest since the last `reset`, ms; 0 until it was looked at twice. */
  get longestMs(): number {
    return Math.max(0, this.#delay.max / 1e6 - resolutionMs);
  }

  reset(): void {
    this.#delay.reset();
  }
}
