import type { Surroundings } from './surroundings.ts';

/** What a connection is suspected of. */
export interface HeartbeatListener {
  /** Not a byte came, not even a ping, for 2.5 to 3 of the pod's ping intervals. */
  silent(): void;
  /** The machine slept: nobody knows what became of the connection. */
  slept(): void;
}

export interface HeartbeatOptions {
  /** Of the pod, ms. */
  pingIntervalMs: number;
  /** Does the WebSocket show pings? Without them silence means nothing. */
  hearsPings: boolean;
  surroundings: Surroundings;
}

/** Ping intervals without anything after which nothing more is awaited. */
const patience = 2.5;
const longestTickMs = 15_000;
/** A tick this late was no slow timer: hidden pages have theirs once a minute, and pods cut off who is silent for a minute. */
const asleepMs = 75_000;

/**
 * Listens for the pod's pings, two ticks an interval. Silence is counted in ticks and not in time: a machine that stood still
 * finds one late tick, and then whatever came meanwhile.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #listener: HeartbeatListener;
  readonly #tickMs: number;
  #quietTicks = 0;
  #tickedAt: number;
  #timer: unknown;

  constructor(options: HeartbeatOptions, listener: HeartbeatListener) {
    const { pingIntervalMs, surroundings } = options;
    this.#options = options;
    this.#listener = listener;
    this.#tickMs = Math.min(pingIntervalMs / 2, longestTickMs) || longestTickMs;
    this.#tickedAt = surroundings.wallTime();
    this.#schedule();
  }

  /** Something came. */
  noteSeen(): void {
    this.#quietTicks = 0;
  }

  /** Tells whether the machine slept since the last tick. */
  check(): void {
    const now = this.#options.surroundings.wallTime();
    const slept = now - this.#tickedAt > asleepMs;
    this.#tickedAt = now;
    if (slept) this.#listener.slept();
  }

  stop(): void {
    this.#options.surroundings.clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = this.#options.surroundings.setTimeout(() => this.#tick(), this.#tickMs);
  }

  #tick(): void {
    const { hearsPings, pingIntervalMs } = this.#options;
    this.#quietTicks += 1;
    this.#schedule();
    this.check();
    if (hearsPings && (this.#quietTicks - 1) * this.#tickMs >= patience * pingIntervalMs) this.#listener.silent();
  }
}
