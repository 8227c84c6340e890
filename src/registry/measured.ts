import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Registry, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';

/** The same registry, every command counted and every batch timed. */
export function measured(registry: Registry, metrics: Metrics, clock: Clock): Registry {
  const timed = async <T>(operation: string, run: () => Promise<Reply<T>[]>): Promise<Reply<T>[]> => {
    const startedAt = clock.now();
    const replies = await run();
    const count = { ok: 0, failed: 0, refused: 0, unknown: 0 };
    for (const reply of replies) count[reply instanceof RegistryUnavailable ? reply.result : 'ok'] += 1;
    metrics.registryBatch(operation, count, clock.now() - startedAt);
    return replies;
  };
  const one = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const [reply] = await timed(operation, async () => [await run().catch((error: RegistryUnavailable) => error)]);
    if (reply instanceof RegistryUnavailable) throw reply;
    return reply as T;
  };
  return {
    register: (claims) => timed('register', () => registry.register(claims)),
    refresh: (deviceIds) => timed('refresh', () => registry.refresh(deviceIds)),
    unregister: (holds) => timed('unregister', () => registry.unregister(holds)),
    lookup: (deviceIds) => timed('lookup', () => registry.lookup(deviceIds)),
    time: () => one('time', () => registry.time()),
    grantCloses: (count, perSecond) => one('grant-closes', () => registry.grantCloses(count, perSecond)),
    writePod: (podId, record) => one('write-pod', () => registry.writePod(podId, record)),
    deletePod: (podId) => one('delete-pod', () => registry.deletePod(podId)),
    pods: () => one('pods', () => registry.pods()),
    close: () => registry.close(),
  };
}
