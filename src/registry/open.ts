import type { Clock } from '../base/clock.ts';
import type { Config } from '../config.ts';
import { MemoryRegistry } from './memory.ts';
import type { RedisEvents } from './redis-client.ts';
import { RedisRegistry } from './redis.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import type { CheckedRegistry } from './registry.ts';

/** The registry at `REDIS_URL`. Without that variable it is in memory. */
export function openRegistry(config: Config, clock: Clock, events: RedisEvents): CheckedRegistry {
  const { redisUrl: text, redisPrefix: prefix, leaseTtlMs } = config;
  const url = text === undefined ? undefined : parseRedisUrl(text);
  if (!url) return new MemoryRegistry(clock, leaseTtlMs);
  const sentinelLogin = { username: config.redisSentinelUsername, password: config.redisSentinelPassword };
  return new RedisRegistry({ url, prefix, leaseTtlMs, events, sentinelLogin });
}
