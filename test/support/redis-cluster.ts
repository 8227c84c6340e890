import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterNode, SeenNode } from './cluster-node.ts';
import { nodesSeenBy, startNode, startNodeOn } from './cluster-node.ts';
import { until } from './until.ts';

/** Milliseconds after which Redis gives up a CLUSTER FAILOVER. */
const failoverTimeout = 5000;
const slots = 16_384;

/** Three masters with a replica each, all settled. It takes 2 s at least: so long a new master serves nobody. */
export async function startCluster(): Promise<RedisCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'ws-connect-cluster-'));
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startNode(dir)));
  await Promise.all(nodes.map(({ client }, index) => client.cluster('SET-CONFIG-EPOCH', index + 1)));
  const meetings = nodes.flatMap(({ client }, index) =>
    nodes.slice(index + 1).map(({ port }) => client.cluster('MEET', '127.0.0.1', port)),
  );
  await Promise.all(meetings);
  const masters = nodes.slice(0, 3);
  await Promise.all(
    masters.map(async (master, index) => {
      const first = Math.ceil((index * slots) / 3);
      const after = Math.ceil(((index + 1) * slots) / 3);
      await master.client.cluster('ADDSLOTS', ...Array.from({ length: after - first }, (_, slot) => first + slot));
      await replicate(nodes[index + 3]!, master);
    }),
  );
  const cluster = new RedisCluster(nodes, dir);
  await cluster.settled();
  return cluster;
}

async function replicate(replica: ClusterNode, { id }: ClusterNode): Promise<void> {
  await until(async () => (await nodesSeenBy(replica)).some((node) => node.id === id) || delay(20, false));
  await replica.client.cluster('REPLICATE', id);
}

/** Masters that call one of them failed that has not answered for 1.5 s, and replicas that then take over. */
export class RedisCluster {
  /** `redis+cluster://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT` of the first masters. */
  readonly url: string;
  /** Those that are not killed, in no order. */
  nodes: readonly ClusterNode[];
  readonly #dir: string;

  constructor(nodes: ClusterNode[], dir: string) {
    this.nodes = nodes;
    this.#dir = dir;
    const seeds = nodes.slice(0, 3).map(({ port }) => `127.0.0.1:${port}`);
    this.url = `redis+cluster://${seeds.join(',')}`;
  }

  async masterOf(key: string): Promise<ClusterNode> {
    const slot = await this.#slotOf(key);
    return this.#node(ownerOf(slot, await this.#agreed()));
  }

  async replicaOf(master: ClusterNode): Promise<ClusterNode> {
    const seen = await this.#agreed();
    return this.#node(seen.find(({ masterId }) => masterId === master.id)!);
  }

  /** Resolves once all nodes see the same, all slots are served, all killed ones are failed, and every replica is linked. */
  async settled(): Promise<void> {
    await this.#agreed();
  }

  /**
   * Hands over from `master` to its replica by CLUSTER FAILOVER. Resolves with the new master once all nodes see it: 5 s
   * later than usual if this node was replaced by a failover a moment ago, as the others vote about it every 3 s only.
   */
  async failover(master: ClusterNode): Promise<ClusterNode> {
    const replica = await this.replicaOf(master);
    let orderedAt = -Infinity;
    await until(async () => {
      const isOverdue = performance.now() - orderedAt > failoverTimeout;
      if (isOverdue && (await replica.client.role())[0] === 'slave') {
        await replica.client.cluster('FAILOVER');
        orderedAt = performance.now();
      }
      const seen = await this.#seenByAll();
      return seen?.some(({ id, flags }) => id === replica.id && flags === 'master') || delay(20, false);
    });
    return replica;
  }

  /**
   * Moves the slot of `key` with all its keys to another master. `whileOpen` runs when the keys have moved and the slot
   * has not: who asks its old master is answered ASK. Resolves with the new master once all nodes see it.
   */
  async migrateSlot(key: string, whileOpen?: () => Promise<unknown>): Promise<ClusterNode> {
    const slot = await this.#slotOf(key);
    const source = await this.masterOf(key);
    const masters = (await this.#agreed()).filter(({ flags }) => flags === 'master').map((seen) => this.#node(seen));
    const others = masters.filter((node) => node !== source);
    const target = others[0]!;
    await target.client.cluster('SETSLOT', slot, 'IMPORTING', source.id);
    await source.client.cluster('SETSLOT', slot, 'MIGRATING', target.id);
    await moveKeys(slot, source, target);
    await whileOpen?.();
    for (const node of [target, source, ...others.slice(1)]) {
      await node.client.cluster('SETSLOT', slot, 'NODE', target.id);
    }
    await until(async () => (await this.masterOf(key)) === target);
    return target;
  }

  /** Kills the process of this key's master at once. Resolves with it once its replica has taken over, about 3 s later. */
  async killMaster(key: string): Promise<ClusterNode> {
    const master = await this.masterOf(key);
    this.nodes = this.nodes.filter((node) => node !== master);
    await master.stop();
    await this.settled();
    return master;
  }

  /** Starts anew, empty and on its port, what `killMaster` returned. Resolves once it is a replica of who took over. */
  async restart(killed: ClusterNode): Promise<ClusterNode> {
    const node = await startNodeOn(killed.port, this.#dir);
    this.nodes = [...this.nodes, node];
    await this.settled();
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #slotOf(key: string): Promise<number> {
    return this.nodes[0]!.client.cluster('KEYSLOT', key);
  }

  #node(seen: SeenNode): ClusterNode {
    return this.nodes.find(({ id }) => id === seen.id)!;
  }

  #agreed(): Promise<SeenNode[]> {
    return until(async () => (await this.#seenByAll()) ?? delay(20, undefined));
  }

  /** Nothing while they do not agree or something is still amiss. */
  async #seenByAll(): Promise<SeenNode[] | undefined> {
    const views = await Promise.all(this.nodes.map((node) => nodesSeenBy(node)));
    const served = await Promise.all(this.nodes.map((node) => serves(node)));
    const agree = views.every((view) => isDeepStrictEqual(view, views[0]));
    const fine = views[0]!.every(({ id, flags }) =>
      this.nodes.some((node) => node.id === id) ? !flags.includes(',') : flags.endsWith(',fail'),
    );
    return agree && fine && served.every(Boolean) ? views[0] : undefined;
  }
}

async function serves({ client }: ClusterNode): Promise<boolean> {
  const [cluster, replication] = await Promise.all([client.cluster('INFO'), client.info('replication')]);
  return cluster.includes('cluster_state:ok') && !replication.includes('master_link_status:down');
}

function ownerOf(slot: number, seen: SeenNode[]): SeenNode {
  return seen.find(({ slots: ranges }) => ranges.some(([first, last]) => first <= slot && slot <= last))!;
}

async function moveKeys(slot: number, { client }: ClusterNode, { port }: ClusterNode): Promise<void> {
  const keys = await client.cluster('GETKEYSINSLOT', slot, 1000);
  if (keys.length > 0) await client.migrate('127.0.0.1', port, '', 0, 5000, 'KEYS', ...keys);
}
