import type { RedisEvents } from '../../src/registry/redis-client.ts';
import type { RedisUrl } from '../../src/config/redis-url.ts';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { RedisRegistry } from '../../src/registry/redis.ts';
import type { RedisRegistryOptions } from '../../src/registry/redis.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { until } from './until.ts';

export type RedisOverrides = Partial<Omit<RedisRegistryOptions, 'url'>>;

/** Nobody listens. */
const noEvents: RedisEvents = { connected: () => {}, lost: () => {}, error: () => {} };

/** Enough of them that every node of a Cluster is asked. */
const strangers = Array.from({ length: 40 }, (_, index) => `nobody-${index}`);

/** A registry in the Redis at `url` that has answered, in a Cluster each of its masters. */
export async function openRedisRegistry(url: string, overrides: RedisOverrides = {}): Promise<RedisRegistry> {
  const registry = connectRedisRegistry(url, overrides);
  await until(() => answers(registry));
  return registry;
}

/** The same without waiting for an answer. */
export function connectRedisRegistry(url: string, overrides: RedisOverrides = {}): RedisRegistry {
  return new RedisRegistry({
    url: redisUrl(url),
    prefix: 'test',
    leaseTtlMs: 60_000,
    events: noEvents,
    ...overrides,
  });
}

export async function answers(registry: RedisRegistry): Promise<boolean> {
  const replies = await registry.lookup(strangers);
  return replies.every((reply) => !(reply instanceof RegistryUnavailable));
}

function redisUrl(text: string): RedisUrl {
  const url = parseRedisUrl(text);
  if (!url) throw new Error(`no Redis URL: ${text}`);
  return url;
}
