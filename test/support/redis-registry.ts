import { RedisRegistry } from '../../src/registry/redis.ts';
import type { RedisRegistryOptions } from '../../src/registry/redis.ts';
import { until } from './until.ts';

/** A registry in the Redis at `url` that has answered once. */
export async function openRedisRegistry(
  url: string,
  overrides: Partial<RedisRegistryOptions> = {},
): Promise<RedisRegistry> {
  const registry = new RedisRegistry({ url, prefix: 'test', leaseTtlMs: 60_000, onError: () => {}, ...overrides });
  await until(() => answers(registry));
  return registry;
}

export async function answers(registry: RedisRegistry): Promise<boolean> {
  try {
    await registry.lookup('nobody');
    return true;
  } catch {
    return false;
  }
}
