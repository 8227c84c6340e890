import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { RegistryLinkEvent } from '../../machines/registry-link.ts';
import type { Config } from '../config.ts';
import type { PodContext } from '../context.ts';
import { registrations } from './channels.ts';
import { guarded } from './guarded.ts';
import type { Lease, LeasePorts } from './lease.ts';
import { RegistryLink } from './link.ts';
import { measured } from './measured.ts';
import { openRegistry } from './open.ts';
import { Reconciler } from './reconciler.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import { Registrar } from './registrar.ts';
import type { PodRecord, Registry } from './registry.ts';
import { Troubles } from './troubles.ts';

export interface RegistrationOptions {
  /** The pod's own record at this moment. */
  record: () => PodRecord;
  /** The leases of all open connections. */
  leases: () => Iterable<Lease>;
  /** Called each time the pod's record was written: the registry answers and has room. */
  reached: () => void;
}

export type Registration = ReturnType<typeof createRegistration>;

/** Keeps the registry right: the registry behind its circuit breaker, the batches, the repairs and the pod's own record. */
export function createRegistration(
  { config, clock, log, metrics }: Omit<PodContext, 'clockwork'>,
  { record, leases, reached }: RegistrationOptions,
) {
  const tell = (event: RegistryLinkEvent) => link.tell(event);
  const isUp = () => link.isUp();
  const troubles = new Troubles({ log, clock, where: serversOf(config) });
  const behind = measured(openRegistry(config, clock, createEvents(tell, troubles)), metrics, clock, troubles);
  const registry = observed(guarded(behind, { isUp, tell }));
  const registrar = new Registrar(registry);
  const reconciler = new Reconciler({
    clock,
    perSecond: config.reregisterPerSecond,
    isUp,
    random: Math.random,
  });
  const verifyAll = () => reconciler.markAll(leases());
  const link = new RegistryLink({
    registry: behind,
    podId: config.podId,
    record,
    clock,
    log,
    recovered() {
      troubles.recovered();
      verifyAll();
    },
    recorded: reached,
  });

  return {
    registry,
    /** The parts that a lease needs. */
    leasePorts: (ports: Pick<LeasePorts, 'owner' | 'tookOver'>): LeasePorts => ({
      ...ports,
      registrar,
      reconciler,
      clock,
      leaseTtlMs: config.leaseTtlMs,
      registryTime: (at) => link.clock.timeAt(at),
      onError: (error, { deviceId, traceId }) =>
        log.debug({ err: error, deviceId, traceId }, 'registry command failed'),
    }),
    isUp,
    /** True if Redis deletes entries when its memory is full. */
    isEvicting: () => link.evictionPolicy !== undefined && link.evictionPolicy !== 'noeviction',
    /** How many of `count` closes this draining pod is allowed to make now. Without the registry it is allowed to make all. */
    grantCloses: (count: number): Promise<number> =>
      registry.grantCloses(count, config.fleetClosesPerSecond).catch(() => count),
    dirty: () => ({ count: reconciler.size, oldestMs: reconciler.oldestMs() }),
    /** Verifies the entries of all open connections, with the limit for repairs. */
    verifyAll,
    /** Writes this record of the pod now. */
    announce: (now: PodRecord) => void link.beat(now),

    start(): void {
      reconciler.start();
      link.start();
    },

    /** Sends all missing commands, if the registry answers, and deletes the record of the pod. */
    async stop(): Promise<void> {
      reconciler.stop();
      reconciler.flush();
      await Promise.all([link.stop(), registrar.settled()]);
    },

    close: () => behind.close(),
  };
}

/** The servers or Sentinels of REDIS_URL, each as HOST:PORT. */
function serversOf({ redisUrl: url = '' }: Config): string {
  return (parseRedisUrl(url)?.hosts ?? []).map(({ host, port }) => hostPort(host, port)).join();
}

function createEvents(tell: (event: RegistryLinkEvent) => void, troubles: Troubles) {
  return {
    connected: () => tell({ type: 'registry.connected' }),
    lost: () => tell({ type: 'registry.lost' }),
    error: (error: Error) => troubles.connection(error),
  };
}

/** The same registry, which tells observers of all claims and their replies. */
function observed(registry: Registry): Registry {
  const register: Registry['register'] = async (claims) => {
    if (!registrations.started.hasSubscribers) return registry.register(claims);
    registrations.started.publish({ claims });
    const replies = await registry.register(claims);
    registrations.answered.publish({ claims, replies });
    return replies;
  };
  return { ...registry, register };
}
