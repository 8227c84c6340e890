/** A measurement older than this is replaced by any newer one, ms. */
const goodForMs = 60_000;

interface Measurement {
  /** What to add to the pod's clock, ms. */
  offset: number;
  /** Largest error of the offset, ms. */
  error: number;
  at: number;
}

/** An estimate of the registry clock. It is measured from time to time. Its error is at most half the duration of the measurement. */
export class RemoteClock {
  #best: Measurement;

  /** Uses the clock of the machine until the first measurement. `now` is the time on the pod's clock. */
  constructor(now: number, machineTime: number) {
    this.#best = { offset: machineTime - now, error: Infinity, at: now };
  }

  /** Adds a measurement: the registry answered `time`, ms since 1970. `askedAt` and `answeredAt` are times on the pod's clock. */
  note(time: number, askedAt: number, answeredAt: number): void {
    const offset = time - (askedAt + answeredAt) / 2;
    const error = (answeredAt - askedAt) / 2;
    const { offset: known, error: knownError, at } = this.#best;
    const isBetter = error <= knownError || answeredAt - at > goodForMs;
    const isAnother = Math.abs(offset - known) > error + knownError; // the clock was set, or a failover led to another server
    if (isBetter || isAnother) this.#best = { offset, error, at: answeredAt };
  }

  /** Time of the registry, ms since 1970, at this time of the pod's clock. */
  timeAt(at: number): number {
    return at + this.#best.offset;
  }
}
