import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Sender } from './client-address.ts';
import { clientAddress, networkOf } from './client-address.ts';

/** Most addresses in one generation. Two generations are in memory. */
const maxAddresses = 20_000;
/** A bucket that is not used for this time is full again, so it can be forgotten, ms. */
const fullAfterMs = 1000;

/**
 * A token bucket for each address, in two generations. A bucket that is used moves into the young generation. When the young generation
 * is full or old, it becomes the old one, and the previous old one is forgotten. With fewer than 20,000 addresses per second no bucket
 * that matters is forgotten. With more, memory does not grow: an address that comes back later than 20,000 others gets a new bucket.
 */
export class AddressBuckets {
  readonly #perSecond: number;
  #young = new Map<string, TokenBucket>();
  #old = new Map<string, TokenBucket>();
  #turnedAt: number;

  /** `perSecond` is also the largest number at once. `now` is the time on the pod's clock, ms. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#turnedAt = now;
  }

  /** Number of buckets. An address in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Counts one connect of this address. False: the limit is reached. */
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

/** Creates the limit of connects per address. It returns false if the sender has reached it. */
export function createConnectLimit(config: Config, clock: Clock): (sender: Sender) => boolean {
  const { connectsPerAddressPerSecond: perSecond, trustedProxies: proxies = [] } = config;
  if (perSecond === 0) return () => true;
  const isProxy = insideCidrs(proxies);
  const buckets = new AddressBuckets(perSecond, clock.now());
  return (sender) => buckets.take(networkOf(clientAddress(sender, isProxy)), clock.now());
}
