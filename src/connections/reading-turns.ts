/** How long the pod parses device data in one turn of the event loop, ms. It applies to new data and to postponed data separately. */
const turnMs = 5;
/** Share of one device in that time, ms. */
const shareMs = 1;

/** Data of a device that is not completely parsed. */
export interface Reading {
  /** Continues as long as `mayGoOn` returns true. Returns true when all data is parsed. */
  goOn(mayGoOn: () => boolean): boolean;
}

/**
 * Shares the event loop among the devices of a pod. New data is parsed at once, unless the turn has already taken too long or the device
 * has used its share. The rest waits, and the data that waits longest is next. So neither one device nor many devices delay the other
 * work of the pod by much more than `turnMs`.
 */
export class ReadingTurns {
  readonly #now: () => number;
  /** Postponed data, the longest waiting first. */
  readonly #waiting: Reading[] = [];
  /** When the current turn has no more time for parsing. Undefined if nothing was parsed in it yet. */
  #endsAt: number | undefined;
  #shareEndsAt = 0;
  #isNextDue = false;

  /** `now` is a clock in ms that also moves within one turn of the event loop. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** True if small data can be parsed now. */
  hasTime(): boolean {
    const now = this.#now();
    if (this.#endsAt !== undefined) return now < this.#endsAt;
    this.#endsAt = now + turnMs;
    this.#beginNext();
    return true;
  }

  /** Parses as much as the share of the device allows: now if no data is waiting, and the rest later. */
  take(reading: Reading): void {
    const isFirst = this.#waiting.length === 0 && this.hasTime();
    if (isFirst && this.#readShare(reading)) return;
    this.#waiting.push(reading);
    this.#beginNext();
  }

  #beginNext(): void {
    if (this.#isNextDue) return;
    this.#isNextDue = true;
    setImmediate(this.#next);
  }

  /** Starts the next turn: postponed data comes before new data. */
  readonly #next = (): void => {
    this.#isNextDue = false;
    this.#endsAt = this.#now() + turnMs;
    const count = this.#waiting.length;
    let served = 0;
    for (; served < count && this.#now() < this.#endsAt; served += 1) {
      const reading = this.#waiting[served]!;
      if (!this.#readShare(reading)) this.#waiting.push(reading);
    }
    this.#waiting.splice(0, served);
    this.#endsAt = undefined;
    if (this.#waiting.length > 0) this.#beginNext();
  };

  #readShare(reading: Reading): boolean {
    this.#shareEndsAt = Math.min(this.#now() + shareMs, this.#endsAt!);
    return reading.goOn(this.#mayGoOn);
  }

  readonly #mayGoOn = (): boolean => this.#now() < this.#shareEndsAt;
}
