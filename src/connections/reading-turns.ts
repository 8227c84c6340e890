/** How long the pod reads what devices sent in one turn of the event loop, ms. Twice: when it comes, and when it was put off. */
const turnMs = 5;
/** How long of that one device may take, ms. */
const shareMs = 1;

/** Something that a device sent and that has not been read to its end. */
export interface Reading {
  /** Reads on for as long as `mayGoOn` says so. True: there is no more. */
  goOn(mayGoOn: () => boolean): boolean;
}

/**
 * Shares the event loop among the devices of a pod. What comes is read at once, unless a turn has taken too long already or the
 * device has had its share; the rest waits its turn, the longest waiting first. So no device, and no crowd of them, delays what else
 * the pod has to do by much more than `turnMs`.
 */
export class ReadingTurns {
  readonly #now: () => number;
  /** Put off, the longest waiting first. */
  readonly #waiting: Reading[] = [];
  /** When the present turn has no more time for reading; undefined: nothing was read in it yet. */
  #endsAt: number | undefined;
  #shareEndsAt = 0;
  #isNextDue = false;

  /** `now` is a clock in ms that goes on while JavaScript runs. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** May something that takes next to no time be read now? */
  hasTime(): boolean {
    const now = this.#now();
    if (this.#endsAt !== undefined) return now < this.#endsAt;
    this.#endsAt = now + turnMs;
    this.#beginNext();
    return true;
  }

  /** Reads as much as the device's share allows, now if nobody waits, and the rest later. */
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

  /** The turn is over: those who wait come before anything new is read. */
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
