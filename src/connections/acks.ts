import type { Clock } from '../base/clock.ts';

/** The messages that wait for a device to acknowledge them. */
export class Acks {
  readonly #clock: Clock;
  /** What ends each wait, by the id of the message. A message sent again while it waits is waited for twice. */
  readonly #waiting = new Map<string, Set<(isAcked: boolean) => void>>();
  #onSettled: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true once the device has acknowledged the message, with false after `withinMs` or when nobody can any more. */
  wait(id: string, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isAcked: boolean) => {
        this.#clock.clearTimeout(timer);
        others.delete(end);
        if (others.size === 0) this.#waiting.delete(id);
        resolve(isAcked);
        if (this.#waiting.size === 0) this.#onSettled();
      };
      const timer = this.#clock.setTimeout(() => end(false), withinMs);
      const others = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, others.add(end));
    });
  }

  /** Calls back when nothing waits, now or as soon as it is so. */
  whenSettled(run: () => void): void {
    if (this.#waiting.size === 0) run();
    else this.#onSettled = run;
  }

  /** The device has acknowledged the message. One that nobody waits for (any more) is none of our business. */
  acknowledge(id: string): void {
    for (const end of this.#waiting.get(id) ?? []) end(true);
  }

  /** The connection is over. */
  abandon(): void {
    for (const ends of this.#waiting.values()) for (const end of ends) end(false);
  }
}
