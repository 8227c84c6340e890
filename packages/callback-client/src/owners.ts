import { LRUCache } from 'lru-cache';
import { insideCidrs, isPort } from './internal/address.ts';
import { parseEntry } from './internal/entry.ts';
import type { Breaker } from './breaker.ts';
import type { Deadline } from './deadline.ts';
import type { LookupSettings } from './options.ts';
import { foreignAddress } from './retry.ts';
import type { Owner, Route, Router } from './route.ts';
import { parsePod, podAt } from './route.ts';
import type { Verdict } from './verdict.ts';

/** Finds the pod that owns a device in Redis, and remembers it for a short while. That there is none is not remembered. */
export class Owners implements Router {
  readonly canLookUp = true;
  readonly unreachable = 'owner-unreachable';
  readonly #settings: LookupSettings;
  readonly #breaker: Breaker;
  readonly #isPodAddress: (address: string) => boolean;
  readonly #cache: LRUCache<string, Route> | undefined;

  constructor(settings: LookupSettings, breaker: Breaker) {
    const { cacheMs: ttl, maxCached: max, podCidrs } = settings;
    this.#settings = settings;
    this.#breaker = breaker;
    this.#isPodAddress = insideCidrs(podCidrs);
    this.#cache = ttl > 0 ? new LRUCache({ max, ttl }) : undefined;
  }

  async find(deviceId: string, deadline: Deadline): Promise<Route | Verdict> {
    const cached = this.#cache?.get(deviceId);
    if (cached && this.#breaker.mayAsk(cached.pod.name)) return cached;
    const owner = await this.#lookUp(deviceId, deadline);
    if ('outcome' in owner) return owner;
    if (!this.#breaker.mayAsk(owner.pod.name)) return unavailable(this.unreachable);
    this.#cache?.set(deviceId, owner);
    return owner;
  }

  learn(deviceId: string, { at, podId, traceId }: Owner): void {
    const pod = parsePod(at, podId);
    if (pod && this.#isPodAddress(pod.address)) this.#cache?.set(deviceId, { pod, traceId });
  }

  forget(deviceId: string): void {
    this.#cache?.delete(deviceId);
  }

  forBatch(): Router {
    return this;
  }

  async #lookUp(deviceId: string, deadline: Deadline): Promise<Route | Verdict> {
    const { lookupTimeoutMs } = this.#settings;
    let text: string | null;
    try {
      text = await deadline.race(this.#get(deviceId), lookupTimeoutMs);
    } catch {
      return unavailable('registry-unavailable'); // why is known to whoever gave us the connection
    }
    const entry = parseEntry(text);
    if (!entry) return { outcome: 'offline' };
    const { serverIp: address, port, podId, traceId } = entry;
    if (!this.#isPodAddress(address) || !isPort(port)) return unavailable(foreignAddress);
    return { pod: podAt(address, port, podId), traceId };
  }

  /** Async, so that what `get` throws is a rejection too. */
  async #get(deviceId: string): Promise<string | null> {
    const { redis, prefix } = this.#settings;
    return redis.get(`${prefix}:device:{${deviceId}}`);
  }
}

function unavailable(code: string): Verdict {
  return { outcome: 'unavailable', code, retryAfterMs: undefined };
}
