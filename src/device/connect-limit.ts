import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Sender } from './client-address.ts';
import { clientAddress, networkOf } from './client-address.ts';

/** Addresses of one generation at most; two are remembered. */
const maxAddresses = 20_000;
/** What is not asked for in this time, in ms, has a full bucket again, which is as good as none. */
const fullAfterMs = 1000;

/**
 * A token bucket for each address, in two generations: what is asked for moves into the young one, and when that is over the old one is
 * forgotten at once. While fewer addresses come in two seconds than are remembered nothing is forgotten that counts. When more
 * come, memory stays as it is, nobody is refused for it, and only who comes back later than 20,000 others begins anew.
 */
export class AddressBuckets {
  readonly #perSecond: number;
  #young = new Map<string, TokenBucket>();
  #old = new Map<string, TokenBucket>();
  #turnedAt: number;

  /** `perSecond` is also how many come at once at most; `now` is the time of the pod's clock, ms. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#turnedAt = now;
  }

  /** How many it holds; one that is in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** True: one more of this address was let through. */
  take(address: string, now: number): boolean {
    if (now >= this.#turnedAt + fullAfterMs) this.#turn(now);
    return this.#bucketOf(address, now).take(now);
  }

  #bucketOf(address: string, now: number): TokenBucket {
    const known = this.#young.get(address);
    if (known) return known;
    if (this.#young.size === maxAddresses) this.#turn(now);
    const bucket = this.#old.get(address) ?? new TokenBucket(this.#perSecond, now);
    this.#young.set(address, bucket);
    return bucket;
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnedAt = now;
  }
}

/** May the sender of this request connect once more at this time? */
export function createConnectLimit(config: Config, clock: Clock): (sender: Sender) => boolean {
  const { connectsPerAddressPerSecond: perSecond, trustedProxies: proxies = [] } = config;
  if (perSecond === 0) return () => true;
  const isProxy = insideCidrs(proxies);
  const buckets = new AddressBuckets(perSecond, clock.now());
  return (sender) => buckets.take(networkOf(clientAddress(sender, isProxy)), clock.now());
}
