import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { MemoryRegistry } from './memory.ts';
import { RedisRegistry } from './redis.ts';
import type { Registry } from './registry.ts';

/** The registry that `REDIS_URL` names; in memory without one. */
export function openRegistry(config: Config, clock: Clock, log: Logger): Registry {
  const { REDIS_URL: url, REDIS_PREFIX: prefix, LEASE_TTL_MS: leaseTtlMs } = config;
  if (!url) return new MemoryRegistry(clock, leaseTtlMs);
  return new RedisRegistry({
    url,
    prefix,
    leaseTtlMs,
    onError: (error) => log.warn({ err: error }, 'redis connection'),
  });
}
