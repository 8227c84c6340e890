/** Lets `perSecond` through on average, and at most `burst` at once. 0 a second lets everything through. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  /** `now` is the time of the pod's clock, ms. */
  constructor(perSecond: number, now: number, burst = perSecond) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** True: one was let through. */
  take(now: number): boolean {
    if (this.#perSecond === 0) return true;
    const earned = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
