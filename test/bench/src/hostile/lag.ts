/** How often the monitor tells, ms. */
export const reportEveryMs = 100;

/** What the monitor within the pod tells. */
export interface LagReport {
  /** By how much a timer was late at most since the last report. */
  worstLagMs: number;
}

/** How late the event loop of the pod was at most, as far as the monitor has told, or has been silent. */
export class Lag {
  #worstMs = 0;
  #heardAt = performance.now();

  heard({ worstLagMs }: LagReport): void {
    this.#worstMs = Math.max(this.#worstMs, worstLagMs);
    this.#heardAt = performance.now();
  }

  /** The pod tells nothing: it stands still, or has died. */
  get isStanding(): boolean {
    return performance.now() - this.#heardAt > 2 * reportEveryMs;
  }

  get worstMs(): number {
    return Math.max(this.#worstMs, this.isStanding ? performance.now() - this.#heardAt : 0);
  }

  forget(): void {
    this.#worstMs = 0;
  }
}
