/** How old a measurement may be before a worse one takes its place, ms. */
const goodForMs = 60_000;

interface Measurement {
  /** What to add to the pod's clock, ms. */
  offset: number;
  /** Right to this many ms. */
  error: number;
  at: number;
}

/** The registry's clock as this pod knows it: asked now and then, and right to half the time that an answer took. */
export class RemoteClock {
  #best: Measurement;

  /** Until it was asked, the machine's own clock has to do. `now` is the time of the pod's. */
  constructor(now: number, machineTime: number) {
    this.#best = { offset: machineTime - now, error: Infinity, at: now };
  }

  /** The registry said `time`, ms since 1970, to a question that was under way from `askedAt` to `answeredAt` of the pod's clock. */
  note(time: number, askedAt: number, answeredAt: number): void {
    const offset = time - (askedAt + answeredAt) / 2;
    const error = (answeredAt - askedAt) / 2;
    const { offset: known, error: knownError, at } = this.#best;
    const isBetter = error <= knownError || answeredAt - at > goodForMs;
    const isAnother = Math.abs(offset - known) > error + knownError; // it was set, or a failover brought another one
    if (isBetter || isAnother) this.#best = { offset, error, at: answeredAt };
  }

  /** What it showed at this time of the pod's clock, ms since 1970. */
  timeAt(at: number): number {
    return at + this.#best.offset;
  }
}
