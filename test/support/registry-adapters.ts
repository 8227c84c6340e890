import type { Redis } from 'ioredis';
import { SimulatedClock } from 'xstate';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { startCluster } from './redis-cluster.ts';
import { openRedisRegistry } from './redis-registry.ts';
import { startSentinel } from './redis-sentinel.ts';
import { startRedis } from './redis.ts';

/** Where the entries of an adapter are. */
export interface Backend {
  /** An adapter of it, empty. */
  open(): Promise<AdapterUnderTest>;
  stop(): Promise<void>;
}

export interface AdapterUnderTest {
  registry: Registry;
  /** Makes every lease older by so much. */
  letPass: (ms: number) => Promise<void>;
}

export const leaseTtlMs = 60_000;

/** Every adapter of the registry. */
export const adapters: { adapter: string; start: () => Promise<Backend> }[] = [
  { adapter: 'memory', start: startMemory },
  {
    adapter: 'redis',
    async start() {
      const server = await startRedis();
      return redisBackend(server, async () => [server.client]);
    },
  },
  {
    adapter: 'redis+sentinel',
    async start() {
      const sentinel = await startSentinel();
      return redisBackend(sentinel, async () => [(await sentinel.master()).client]);
    },
  },
  {
    adapter: 'redis+cluster',
    async start() {
      const cluster = await startCluster();
      const roles = await Promise.all(cluster.nodes.map(({ client }) => client.role()));
      const masters = cluster.nodes.filter((_, index) => roles[index]![0] === 'master').map(({ client }) => client);
      return redisBackend(cluster, async () => masters);
    },
  },
];

async function startMemory(): Promise<Backend> {
  return {
    async open() {
      const clock = new SimulatedClock();
      return {
        registry: new MemoryRegistry(clock, leaseTtlMs),
        letPass: async (ms) => clock.increment(ms),
      };
    },
    stop: async () => {},
  };
}

/** `masters` are clients of the servers that the entries are at. */
function redisBackend(servers: { url: string; stop(): Promise<void> }, masters: () => Promise<Redis[]>): Backend {
  return {
    async open() {
      for (const client of await masters()) await client.flushall();
      return {
        registry: await openRedisRegistry(servers.url, { leaseTtlMs }),
        async letPass(ms) {
          for (const client of await masters()) await age(client, ms);
        },
      };
    },
    stop: () => servers.stop(),
  };
}

async function age(client: Redis, ms: number): Promise<void> {
  for (const key of await client.keys('*')) await client.pexpire(key, (await client.pttl(key)) - ms);
}
