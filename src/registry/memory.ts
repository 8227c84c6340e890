import type { Clock } from '../base/clock.ts';
import type {
  CheckedRegistry,
  Claim,
  Entry,
  Hold,
  KnownPod,
  PodRecord,
  Registration,
  RegistryFacts,
} from './registry.ts';
import { wentBackMs } from './registry.ts';

interface Leased {
  entry: Entry;
  /** When the lease ends, ms on the pod's clock. */
  expiresAt: number;
}

/** The registry of a single pod, in the memory of its process. */
export class MemoryRegistry implements CheckedRegistry {
  readonly #clock: Clock;
  readonly #leaseTtlMs: number;
  readonly #entries = new Map<string, Leased>();
  readonly #pods = new Map<string, PodRecord>();

  constructor(clock: Clock, leaseTtlMs: number) {
    this.#clock = clock;
    this.#leaseTtlMs = leaseTtlMs;
  }

  async register(claims: readonly Claim[]): Promise<Registration[]> {
    return claims.map((claim) => this.#register(claim));
  }

  async refresh(deviceIds: readonly string[]): Promise<(Entry | undefined)[]> {
    const expiresAt = this.#clock.now() + this.#leaseTtlMs;
    return deviceIds.map((deviceId) => {
      const leased = this.#read(deviceId);
      if (leased) leased.expiresAt = expiresAt;
      return leased?.entry;
    });
  }

  async unregister(holds: readonly Hold[]): Promise<boolean[]> {
    return holds.map(({ deviceId, traceId, t }) => {
      const stored = this.#read(deviceId)?.entry;
      return stored?.traceId === traceId && stored.t === t && this.#entries.delete(deviceId);
    });
  }

  async lookup(deviceIds: readonly string[]): Promise<(Entry | undefined)[]> {
    return deviceIds.map((deviceId) => this.#read(deviceId)?.entry);
  }

  async time(): Promise<number> {
    return Date.now();
  }

  /** Grants all closes, because there is no other pod. */
  async grantCloses(count: number): Promise<number> {
    return count;
  }

  async writePod(podId: string, record: PodRecord): Promise<void> {
    this.#pods.set(podId, record);
  }

  async deletePod(podId: string): Promise<void> {
    this.#pods.delete(podId);
  }

  async pods(): Promise<KnownPod[]> {
    return [...this.#pods].map(([podId, record]) => ({ podId, ...record }));
  }

  async check(): Promise<RegistryFacts> {
    return { evictionPolicy: 'noeviction' };
  }

  async close(): Promise<void> {}

  #register({ deviceId, serverIp, port, traceId, podId, t, isFirst }: Claim): Registration {
    const stored = this.#read(deviceId)?.entry;
    let time = t;
    if (stored && stored.traceId !== traceId) {
      if (stored.t > t || (stored.t === t && !isFirst)) {
        return { outcome: 'refused', stored, isAhead: stored.t > Date.now() + wentBackMs };
      }
      if (stored.t === t) time += 1;
    }
    const entry: Entry = { v: 1, serverIp, port, traceId, podId, t: time };
    this.#entries.set(deviceId, { entry, expiresAt: this.#clock.now() + this.#leaseTtlMs });
    return { outcome: 'registered', entry, previous: stored };
  }

  #read(deviceId: string): Leased | undefined {
    const leased = this.#entries.get(deviceId);
    if (leased === undefined || leased.expiresAt > this.#clock.now()) return leased;
    this.#entries.delete(deviceId);
    return undefined;
  }
}
