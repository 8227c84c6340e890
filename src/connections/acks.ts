import type { Clock } from '../base/clock.ts';

/** The messages that wait for a device to acknowledge them. */
export class Acks {
  readonly #clock: Clock;
  /** The functions that end the waits, by message id. A message that is sent twice has two of them. */
  readonly #waiting = new Map<string, Set<(isAcked: boolean) => void>>();
  #onSettled: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with true when the device has acknowledged the message, with false after `withinMs` or when the connection ends. */
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

  /** Calls `run` when no message waits for an acknowledgement: now or later. */
  whenSettled(run: () => void): void {
    if (this.#waiting.size === 0) run();
    else this.#onSettled = run;
  }

  /** The device has acknowledged the message. Acknowledgements without a waiting message are ignored. */
  acknowledge(id: string): void {
    for (const end of this.#waiting.get(id) ?? []) end(true);
  }

  /** The connection has ended: all waits end with false. */
  abandon(): void {
    for (const ends of this.#waiting.values()) for (const end of ends) end(false);
  }
}
