import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Entry } from '../../../src/registry/registry.ts';
import type { ClusterNode } from '../../support/cluster-node.ts';
import { nodesSeenBy } from '../../support/cluster-node.ts';
import type { RedisCluster } from '../../support/redis-cluster.ts';
import { startCluster } from '../../support/redis-cluster.ts';
import { NodeWatch } from './node-watch.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryLine, RegistryStage } from './registry-stage.ts';
import { deviceKey, entryOf, impatient } from './registry-stage.ts';

const roleEveryMs = 25;

/** Three masters with a replica each. */
export class ClusterRegistry implements RegistryStage {
  readonly mode = 'cluster';
  readonly #recorder: Recorder;
  readonly #cluster: RedisCluster;
  readonly #client: Cluster;
  /** By port. */
  readonly #watches: Map<number, NodeWatch>;

  static async start(recorder: Recorder): Promise<ClusterRegistry> {
    const stage = new ClusterRegistry(recorder, await startCluster());
    await Promise.all([...stage.#watches.values()].map(({ begun }) => begun));
    return stage;
  }

  constructor(recorder: Recorder, cluster: RedisCluster) {
    const ports = cluster.nodes.map(({ port }) => port);
    const peers = () => ports.map((port) => `127.0.0.1:${port}`);
    this.#recorder = recorder;
    this.#cluster = cluster;
    this.#watches = new Map(ports.map((port) => [port, new NodeWatch(recorder, { port, peers })]));
    const { retryStrategy: clusterRetryStrategy, ...redisOptions } = impatient;
    this.#client = new Cluster(
      ports.map((port) => ({ host: '127.0.0.1', port })),
      { redisOptions, clusterRetryStrategy, enableOfflineQueue: false, slotsRefreshInterval: 1000 },
    );
    this.#client.on('error', () => {}); // the lookup that fails says it
  }

  lineFor(): Promise<RegistryLine> {
    return Promise.resolve({ url: this.#cluster.url, proxy: undefined });
  }

  async lookup(deviceId: string): Promise<Entry | undefined> {
    return entryOf(await this.#client.get(deviceKey(deviceId)));
  }

  /** The master of this device's slot hands over to its replica. */
  async failOver(deviceId: string): Promise<void> {
    const master = await this.#cluster.masterOf(deviceKey(deviceId));
    await this.#watchingRoles(() => this.#cluster.failover(master));
  }

  /** Kills the master of this device's slot, and starts it anew, empty, once its replica has taken over. */
  async killMaster(deviceId: string): Promise<void> {
    await this.#watchingRoles(async () => {
      const killed = await this.#cluster.killMaster(deviceKey(deviceId));
      this.#recorder.record({ type: 'redis.emptied', node: nameOf(killed) });
      await this.#cluster.restart(killed);
    });
  }

  /** Stops the process of the master of this device's slot for some ms; if they are many, its replica takes over. */
  async pauseMaster(deviceId: string, ms: number): Promise<void> {
    const { pid } = await this.#cluster.masterOf(deviceKey(deviceId));
    await this.#watchingRoles(async () => {
      process.kill(pid, 'SIGSTOP');
      await delay(ms);
      process.kill(pid, 'SIGCONT');
      await delay(ms > 1000 ? 1000 : 0); // by then the others know whether it is a master still
    });
  }

  /** Moves the slots of these devices to other masters. */
  async migrate(deviceIds: readonly string[]): Promise<void> {
    for (const deviceId of deviceIds) await this.#cluster.migrateSlot(deviceKey(deviceId));
  }

  async settled(): Promise<void> {
    await this.#cluster.settled();
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    const watched = Promise.all([...this.#watches.values()].map((watch) => watch.stop()));
    await this.#cluster.stop();
    await watched;
  }

  /** Records who becomes a master in whose place while `work` goes on and until all is well again. */
  async #watchingRoles(work: () => Promise<unknown>): Promise<void> {
    const seen = await nodesSeenBy(this.#cluster.nodes[0]!);
    const over = new AbortController();
    const watching = this.#cluster.nodes.map(async (node) => {
      const { masterId } = seen.find(({ id }) => id === node.id)!;
      const master = this.#cluster.nodes.find(({ id }) => id === masterId);
      if (master) await this.#awaitPromotion(node, master, over.signal);
    });
    await work();
    await this.settled();
    over.abort();
    await Promise.all(watching);
    await Promise.all([...this.#watches.values()].map((watch) => watch.snapshot())); // as MONITOR does not tell a resync
  }

  async #awaitPromotion(replica: ClusterNode, master: ClusterNode, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [role] = await replica.client.role();
      if (role === 'master') {
        this.#recorder.record({ type: 'redis.promoted', node: nameOf(replica), instead: nameOf(master) });
        return;
      }
      await delay(roleEveryMs, undefined, { signal }).catch(() => {}); // it is over
    }
  }
}

function nameOf({ port }: { port: number }): string {
  return `redis-${port}`;
}
