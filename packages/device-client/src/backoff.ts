/** How a connection, or the attempt at one, has ended. 1006: without a word (RFC 6455 §7.1.5). */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Does the pod forbid to come back? Its own codes follow one rule: 4000-4499 reconnect, 4500-4999 do not. */
export function isFinal({ code }: Close): boolean {
  return code >= 4500 && code <= 4999;
}

/** A newer connection of the same device took over. */
export const superseded = 4509;

export interface BackoffOptions {
  /** The first wait is from 0 to this, ms. */
  baseMs: number;
  /** No wait is longer, ms. */
  maxMs: number;
}

/** How long to wait before the next attempt: exponential backoff with full jitter (AWS Architecture Blog, 2015). */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;
  #favours = 0;

  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** There was a connection that lasted. */
  reset(): void {
    this.#failures = 0;
    this.#favours = 0;
  }

  /**
   * Ms until the next attempt. A pod that says when to return (1012), or that only wants a new token (4401), is taken at its word:
   * once, and with backoff on top if that leads to no connection that lasts.
   */
  after(close: Close): number {
    const asked = askedMs(close);
    if (asked !== undefined) {
      this.#favours += 1;
      if (this.#favours === 1) return asked;
    }
    const { baseMs, maxMs } = this.#options;
    const drawnMs = this.#random() * Math.min(baseMs * 2 ** this.#failures, maxMs);
    this.#failures += 1;
    return (asked ?? 0) + drawnMs;
  }
}

const longestAskedMs = 3_600_000;

/** A wait as pods ask for it, ms; undefined when it is none. An hour at most: what is longer is no wait but a mistake. */
export function waitMs(asked: unknown): number | undefined {
  return typeof asked === 'number' && asked >= 0 ? Math.min(asked, longestAskedMs) : undefined;
}

function askedMs({ code, reason }: Close): number | undefined {
  if (code === 4401) return 0;
  if (code !== 1012) return undefined;
  try {
    return waitMs((JSON.parse(reason) as { reconnectAfterMs?: unknown } | null)?.reconnectAfterMs);
  } catch {
    return undefined; // another server's 1012 has a reason of its own
  }
}
