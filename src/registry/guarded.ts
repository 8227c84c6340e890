import type { RegistryLinkEvent } from '../../machines/registry-link.ts';
import type { Registry, Reply } from './registry.ts';
import { RegistryUnavailable } from './registry.ts';

/** Knows whether the registry is up, and is told how its commands end. */
export interface Gate {
  isUp(): boolean;
  tell(event: RegistryLinkEvent): void;
}

/**
 * Puts a registry behind a circuit breaker. While the link is down, every command fails at once and is not sent, except those for the
 * record of this pod. The gate is told how each batch ends.
 */
export function guarded(registry: Registry, gate: Gate): Registry {
  const batch = async <T>(
    operation: string,
    commands: readonly unknown[],
    run: () => Promise<Reply<T>[]>,
  ): Promise<Reply<T>[]> => {
    if (commands.length === 0) return []; // all commands were dropped, so there is no failure
    if (!gate.isUp()) {
      const error = unsent(operation);
      return commands.map(() => error);
    }
    const replies = await run();
    const answered = replies.some((reply) => !(reply instanceof RegistryUnavailable) || reply.result === 'refused');
    // answers to commands from before the outage do not count: only a probe brings the link up again
    if (gate.isUp()) gate.tell({ type: answered ? 'registry.answered' : 'registry.failed' });
    return replies;
  };
  return {
    register: (claims) => batch('register', claims, () => registry.register(claims)),
    refresh: (deviceIds) => batch('refresh', deviceIds, () => registry.refresh(deviceIds)),
    unregister: (holds) => batch('unregister', holds, () => registry.unregister(holds)),
    lookup: (deviceIds) => batch('lookup', deviceIds, () => registry.lookup(deviceIds)),
    time: () => registry.time(),
    grantCloses: async (count, perSecond) => {
      if (!gate.isUp()) throw unsent('grant-closes');
      return registry.grantCloses(count, perSecond);
    },
    writePod: (podId, record) => registry.writePod(podId, record),
    deletePod: (podId) => registry.deletePod(podId),
    pods: async () => {
      if (!gate.isUp()) throw unsent('pods');
      return registry.pods();
    },
    close: () => registry.close(),
  };
}

function unsent(operation: string): RegistryUnavailable {
  return new RegistryUnavailable(operation, new Error('the registry is down, so the command was not sent'));
}
