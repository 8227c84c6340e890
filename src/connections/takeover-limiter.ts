/** How many takeovers of one device are taken for reconnects, and within which time, ms. */
const takeovers = 5;
const withinMs = 10_000;
/** Devices remembered at most, the ones taken over last. */
const maxDevices = 10_000;

interface Recent {
  /** The connection that took over last: it may have ended one here and one on another pod. */
  by: string;
  /** When, on the pod's clock, the oldest first. */
  times: number[];
}

/**
 * Finds out about two machines that use the same deviceId: each one's connect ends the other's connection, whereupon the other
 * connects again, for ever. A device that comes back over a bad line does so a few times; these two never stop.
 */
export class TakeoverLimiter {
  /** The device taken over last comes last. */
  readonly #recent = new Map<string, Recent>();

  /** Notes that the connection `by` took the place of another at `now`. */
  noteTakeover(deviceId: string, by: string, now: number): void {
    const recent = this.#recent.get(deviceId) ?? { by: '', times: [] };
    if (recent.by === by) return;
    const times = [...recent.times, now].slice(-takeovers);
    this.#recent.delete(deviceId);
    this.#recent.set(deviceId, { by, times });
    if (this.#recent.size > maxDevices) this.#forgetOldest();
  }

  /** Has the device been taken over so often of late that one more connection shall not? */
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
