import type { Clock } from '../clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Registry } from './registry.ts';

/** The same registry, every operation counted and timed. */
export function measured(registry: Registry, metrics: Metrics, clock: Clock): Registry {
  const timed = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const startedAt = clock.now();
    let result: 'ok' | 'failed' = 'failed';
    try {
      const answer = await run();
      result = 'ok';
      return answer;
    } finally {
      metrics.registryOperation(operation, result, clock.now() - startedAt);
    }
  };
  return {
    register: (claim, t) => timed('register', () => registry.register(claim, t)),
    refresh: (deviceId) => timed('refresh', () => registry.refresh(deviceId)),
    unregister: (deviceId, entry) => timed('unregister', () => registry.unregister(deviceId, entry)),
    lookup: (deviceId) => timed('lookup', () => registry.lookup(deviceId)),
    writePod: (podId, record) => timed('write-pod', () => registry.writePod(podId, record)),
    deletePod: (podId) => timed('delete-pod', () => registry.deletePod(podId)),
    close: () => registry.close(),
  };
}
