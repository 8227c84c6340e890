import fc from 'fast-check';
import { SimulatedClock } from 'xstate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import type { RedisRegistry } from '../../src/registry/redis.ts';
import type { Entry, Registry } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { openRedisRegistry } from '../support/redis-registry.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

/** The promises of a registry without time, in as few words as possible. */
function createModel(): Pick<Registry, 'register' | 'refresh' | 'unregister' | 'lookup'> {
  const entries = new Map<string, Entry>();
  return {
    async register({ deviceId, ...owner }, t = 0) {
      const stored = entries.get(deviceId);
      if (stored && stored.traceId !== owner.traceId && stored.t >= t) return { outcome: 'refused', stored };
      const entry: Entry = { v: 1, ...owner, t };
      entries.set(deviceId, entry);
      return { outcome: 'registered', entry, previous: stored };
    },
    refresh: async (deviceId) => entries.get(deviceId),
    lookup: async (deviceId) => entries.get(deviceId),
    async unregister(deviceId, { traceId, t }) {
      const stored = entries.get(deviceId);
      return stored?.traceId === traceId && stored.t === t && entries.delete(deviceId);
    },
  };
}

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom('register', 'register', 'refresh', 'unregister', 'unregister', 'lookup'),
    deviceId: fc.constantFrom('a', 'b'),
    traceId: fc.constantFrom('x', 'y', 'z'),
    t: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 30 },
);
type Operation = (typeof operations extends fc.Arbitrary<infer T> ? T : never)[number];

function apply(registry: ReturnType<typeof createModel>, { kind, deviceId, traceId, t }: Operation): Promise<unknown> {
  const { deviceId: _, ...owner } = claim({ deviceId, traceId });
  if (kind === 'register') return registry.register({ deviceId, ...owner }, t);
  if (kind === 'refresh') return registry.refresh(deviceId);
  if (kind === 'unregister') return registry.unregister(deviceId, { v: 1, ...owner, t });
  return registry.lookup(deviceId);
}

let server: RedisServer;
let redis: RedisRegistry;

beforeAll(async () => {
  server = await startRedis();
  redis = await openRedisRegistry(server.url);
});
afterAll(async () => {
  await redis.close();
  await server.stop();
});

it('answers every sequence of operations as the model does, in memory and in Redis', async () => {
  const answersAsTheModel = fc.asyncProperty(operations, async (sequence) => {
    await server.client.flushall();
    const model = createModel();
    const memory = new MemoryRegistry(new SimulatedClock(), 60_000);

    for (const operation of sequence) {
      const expected = await apply(model, operation);

      expect(await apply(memory, operation)).toEqual(expected);
      expect(await apply(redis, operation)).toEqual(expected);
    }
  });

  await fc.assert(answersAsTheModel, { numRuns: 300 });
});
