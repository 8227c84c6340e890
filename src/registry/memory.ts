import type { Clock } from '../clock.ts';
import type { Claim, Entry, Registration, Registry } from './registry.ts';

interface Leased {
  entry: Entry;
  /** On the pod's clock. */
  expiresAt: number;
}

/** The registry of a single pod: nothing to install, gone with the process. */
export class MemoryRegistry implements Registry {
  readonly #clock: Clock;
  readonly #leaseTtlMs: number;
  readonly #entries = new Map<string, Leased>();

  constructor(clock: Clock, leaseTtlMs: number) {
    this.#clock = clock;
    this.#leaseTtlMs = leaseTtlMs;
  }

  async register({ deviceId, ...owner }: Claim, t?: number): Promise<Registration> {
    const stored = this.#read(deviceId);
    let time = t ?? Date.now();
    if (stored && stored.traceId !== owner.traceId) {
      if (stored.t > time || (stored.t === time && t !== undefined)) return { outcome: 'refused', stored };
      if (stored.t === time) time += 1; // two first registrations in one millisecond: this one is the newer
    }
    const entry: Entry = { v: 1, ...owner, t: time };
    this.#write(deviceId, entry);
    return { outcome: 'registered', entry, previous: stored };
  }

  async refresh(deviceId: string): Promise<Entry | undefined> {
    const stored = this.#read(deviceId);
    if (stored) this.#write(deviceId, stored);
    return stored;
  }

  async unregister(deviceId: string, entry: Entry): Promise<boolean> {
    const stored = this.#read(deviceId);
    if (stored?.traceId !== entry.traceId || stored.t !== entry.t) return false;
    return this.#entries.delete(deviceId);
  }

  async lookup(deviceId: string): Promise<Entry | undefined> {
    return this.#read(deviceId);
  }

  /** Nobody else could read a pod's record here. */
  async writePod(): Promise<void> {}

  async deletePod(): Promise<void> {}

  async close(): Promise<void> {}

  #write(deviceId: string, entry: Entry): void {
    this.#entries.set(deviceId, { entry, expiresAt: this.#clock.now() + this.#leaseTtlMs });
  }

  #read(deviceId: string): Entry | undefined {
    const leased = this.#entries.get(deviceId);
    if (leased && leased.expiresAt > this.#clock.now()) return leased.entry;
    this.#entries.delete(deviceId);
    return undefined;
  }
}
