/** The takeover limit: this many takeovers of one device within this time (ms) count as ordinary reconnects. */
const takeovers = 5;
const withinMs = 10_000;
/** Most devices in memory: those with the latest takeovers. */
const maxDevices = 10_000;

interface Recent {
  /** The connection that took over last. It can have replaced one connection here and one on another pod. */
  by: string;
  /** Times of the takeovers, ms on the pod's clock, the oldest first. */
  times: number[];
}

/**
 * Detects two machines that use the same deviceId. The connect of one ends the connection of the other, which then connects again, and so
 * on forever. A device on a bad network reconnects a few times; these two never stop.
 */
export class TakeoverLimiter {
  /** The device taken over last comes last. */
  readonly #recent = new Map<string, Recent>();

  /** Notes that the connection `by` replaced another one at `now`. */
  noteTakeover(deviceId: string, by: string, now: number): void {
    const recent = this.#recent.get(deviceId) ?? { by: '', times: [] };
    if (recent.by === by) return;
    const times = [...recent.times, now].slice(-takeovers);
    this.#recent.delete(deviceId);
    this.#recent.set(deviceId, { by, times });
    if (this.#recent.size > maxDevices) this.#forgetOldest();
  }

  /** Has the device reached the takeover limit, so that one more connection must not take over? */
  isContended(deviceId: string, now: number): boolean {
    const { times } = this.#recent.get(deviceId) ?? { times: [] };
    return times.length === takeovers && times[0]! > now - withinMs;
  }

  #forgetOldest(): void {
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      return;
    }
  }
}
