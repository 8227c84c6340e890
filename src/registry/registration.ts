import { hostPort } from '@ws-connect/callback-client/internal/address';
import type { RegistryLinkEvent } from '../../machines/registry-link.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { guarded } from './guarded.ts';
import type { Lease, LeasePorts } from './lease.ts';
import { RegistryLink } from './link.ts';
import { measured } from './measured.ts';
import { openRegistry } from './open.ts';
import { Reconciler } from './reconciler.ts';
import { parseRedisUrl } from './redis-url.ts';
import { Registrar } from './registrar.ts';
import type { PodRecord, Registry } from './registry.ts';
import { Troubles } from './troubles.ts';

export interface RegistrationOptions {
  config: Config;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** The pod's own record as it is now. */
  record: () => PodRecord;
  /** What every open connection holds. */
  leases: () => Iterable<Lease>;
  /** The registry is up, and has room: the pod's record is in it. Told again each time the record is written. */
  reached: () => void;
  /** Makes of the registry one that sees what is asked of it. */
  watch?: ((registry: Registry) => Registry) | undefined;
}

export type Registration = ReturnType<typeof createRegistration>;

/** All that keeps the registry right: the registry behind its breaker, the batches, the repairs and the pod's own record. */
export function createRegistration(options: RegistrationOptions) {
  const { config, clock, log, metrics, record, leases, reached, watch } = options;
  const tell = (event: RegistryLinkEvent) => link.tell(event);
  const isUp = () => link.isUp();
  const troubles = new Troubles({ log, clock, where: serversOf(config) });
  const behind = measured(openRegistry(config, clock, createEvents(tell, troubles)), metrics, clock, troubles);
  const guardedRegistry = guarded(behind, { isUp, tell });
  const registry: Registry = watch ? watch(guardedRegistry) : guardedRegistry;
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
    /** What a lease needs of all this. */
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
    /** Redis is known to delete entries when it is full. */
    isEvicting: () => link.evictionPolicy !== undefined && link.evictionPolicy !== 'noeviction',
    /** How many of `count` closes this draining pod may make now; without the registry it goes on alone. */
    grantCloses: (count: number): Promise<number> =>
      registry.grantCloses(count, config.fleetClosesPerSecond).catch(() => count),
    dirty: () => ({ count: reconciler.size, oldestMs: reconciler.oldestMs() }),
    /** Goes over the entries of all open connections, at the pace of repairs. */
    verifyAll,
    /** Writes this record of the pod now. */
    announce: (now: PodRecord) => void link.beat(now),

    start(): void {
      reconciler.start();
      link.start();
    },

    /** Makes up for what is owed, as far as the registry answers, and deletes the pod's record. */
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
