import { SimulatedClock } from 'xstate';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { openRedisRegistry } from './redis-registry.ts';
import type { RedisServer } from './redis.ts';

export interface AdapterUnderTest {
  registry: Registry;
  /** Makes every lease older by so much. */
  letPass: (ms: number) => Promise<void>;
}

export const leaseTtlMs = 60_000;

/** Every adapter of the registry, each opened empty. */
export const adapters: { adapter: string; open: (server: RedisServer) => Promise<AdapterUnderTest> }[] = [
  {
    adapter: 'memory',
    async open() {
      const clock = new SimulatedClock();
      return {
        registry: new MemoryRegistry(clock, leaseTtlMs),
        letPass: async (ms) => clock.increment(ms),
      };
    },
  },
  {
    adapter: 'redis',
    async open({ client, url }) {
      await client.flushall();
      return {
        registry: await openRedisRegistry(url, { leaseTtlMs }),
        async letPass(ms) {
          for (const key of await client.keys('*')) await client.pexpire(key, (await client.pttl(key)) - ms);
        },
      };
    },
  },
];
