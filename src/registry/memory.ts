import type { Clock } from '../clock.ts';
import type { Claim, Entry, PodRecord, Registration, Registry } from './registry.ts';
import { podTtlMs } from './registry.ts';

interface Leased<T> {
  value: T;
  expiresAt: number;
}

/** The registry of a single pod: nothing to install, gone with the process. */
export class MemoryRegistry implements Registry {
  readonly #clock: Clock;
  readonly #leaseTtlMs: number;
  readonly #entries = new Map<string, Leased<Entry>>();
  readonly #pods = new Map<string, Leased<PodRecord>>();

  constructor(clock: Clock, leaseTtlMs: number) {
    this.#clock = clock;
    this.#leaseTtlMs = leaseTtlMs;
  }

  async register({ deviceId, ...owner }: Claim, t?: number): Promise<Registration> {
    const stored = this.#read(this.#entries, deviceId);
    let time = t ?? Date.now();
    if (stored && stored.traceId !== owner.traceId) {
      if (stored.t > time || (stored.t === time && t !== undefined)) return { outcome: 'refused', stored };
      if (stored.t === time) time += 1; // two first registrations in one millisecond: this one is the newer
    }
    const entry: Entry = { v: 1, ...owner, t: time };
    this.#entries.set(deviceId, this.#leased(entry, this.#leaseTtlMs));
    return { outcome: 'registered', entry, previous: stored };
  }

  async refresh(deviceId: string): Promise<Entry | undefined> {
    const stored = this.#read(this.#entries, deviceId);
    if (stored) this.#entries.set(deviceId, this.#leased(stored, this.#leaseTtlMs));
    return stored;
  }

  async unregister(deviceId: string, entry: Entry): Promise<boolean> {
    const stored = this.#read(this.#entries, deviceId);
    if (stored?.traceId !== entry.traceId || stored.t !== entry.t) return false;
    return this.#entries.delete(deviceId);
  }

  async lookup(deviceId: string): Promise<Entry | undefined> {
    return this.#read(this.#entries, deviceId);
  }

  async writePod(podId: string, record: PodRecord): Promise<void> {
    this.#pods.set(podId, this.#leased(record, podTtlMs));
  }

  async deletePod(podId: string): Promise<void> {
    this.#pods.delete(podId);
  }

  async close(): Promise<void> {}

  #leased<T>(value: T, ttlMs: number): Leased<T> {
    return { value, expiresAt: this.#clock.now() + ttlMs };
  }

  #read<T>(records: Map<string, Leased<T>>, key: string): T | undefined {
    const leased = records.get(key);
    if (leased && leased.expiresAt > this.#clock.now()) return leased.value;
    records.delete(key);
    return undefined;
  }
}
