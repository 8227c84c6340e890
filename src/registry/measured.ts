import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { CheckedRegistry, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';

/** Is told how each batch of commands ends. */
export interface Witness {
  /** Called with the first failure of a batch. */
  failed(error: RegistryUnavailable): void;
  /** Called if at least one command of a batch was executed and none has failed. */
  carriedOut(operation: string): void;
}

/** Wraps a registry: counts every command, measures every batch, and tells the witness. */
export function measured(registry: CheckedRegistry, metrics: Metrics, clock: Clock, witness: Witness): CheckedRegistry {
  const timed = async <T>(operation: string, run: () => Promise<Reply<T>[]>): Promise<Reply<T>[]> => {
    const startedAt = clock.now();
    const replies = await run();
    const count = { ok: 0, failed: 0, refused: 0, unknown: 0 };
    let failure: RegistryUnavailable | undefined;
    for (const reply of replies) {
      if (reply instanceof RegistryUnavailable) {
        failure ??= reply;
        count[reply.result] += 1;
      } else {
        count.ok += 1;
      }
    }
    if (failure) witness.failed(failure);
    else witness.carriedOut(operation);
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
    check: () => one('check', () => registry.check()),
    close: () => registry.close(),
  };
}
