import { setTimeout as delay } from 'node:timers/promises';
import { onOwnPort } from './own-port.ts';
import type { RedisServer } from './redis.ts';
import { startRedis } from './redis.ts';
import { startSentinelProcess } from './sentinel-process.ts';
import { until } from './until.ts';

const name = 'main';
const quorum = 2;
const settings = { 'down-after-milliseconds': 1000, 'failover-timeout': 3000 };

/** A master, its replica and three sentinels, all settled. */
export async function startSentinel(): Promise<RedisSentinel> {
  const [first, ...sentinels] = await Promise.all([
    onOwnPort(startServer),
    startSentinelProcess(),
    startSentinelProcess(),
    startSentinelProcess(),
  ]);
  const second = await onOwnPort((port) => startServer(port, first));
  await Promise.all(
    sentinels.map(async ({ client }) => {
      await client.call('SENTINEL', 'MONITOR', name, '127.0.0.1', first.port, quorum);
      await client.call('SENTINEL', 'SET', name, ...Object.entries(settings).flat());
    }),
  );
  const group = new RedisSentinel([first, second], sentinels);
  await group.settled();
  return group;
}

/** A Redis under three sentinels, which call a master down that has not answered for a second. */
export class RedisSentinel {
  /** `redis+sentinel://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT/main` */
  readonly url: string;
  readonly sentinels: readonly RedisServer[];
  /** The master and the replica, in no order, also while one is killed. */
  #servers: RedisServer[];

  constructor(servers: RedisServer[], sentinels: RedisServer[]) {
    this.#servers = servers;
    this.sentinels = sentinels;
    this.url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${name}`;
  }

  /** Whom all sentinels call the master, dead or alive. While they disagree it waits. */
  master(): Promise<RedisServer> {
    return until(async () => {
      const ports = await this.#masterPorts();
      const master = this.#servers.find(({ port }) => ports.every((named) => named === port));
      return master ?? delay(20, undefined);
    });
  }

  /** Resolves with the master once that is another one than `old` for all sentinels. */
  newMaster(old: RedisServer): Promise<RedisServer> {
    return until(async () => {
      const master = await this.master();
      return master.port === old.port ? delay(20, undefined) : master;
    });
  }

  /** Resolves once all sentinels see the master, its replica and each other, and the replica follows the master. */
  async settled(): Promise<void> {
    await until(async () => (await this.#isSettled()) || delay(20, false));
  }

  /**
   * Makes the replica the master by SENTINEL FAILOVER. Resolves with it once all sentinels call it so. For two seconds
   * more the old master still takes itself for one and accepts writes that will be lost; `settled` waits for the end of that.
   */
  async failover(): Promise<RedisServer> {
    await this.settled();
    const old = await this.master();
    await until(() => this.#startFailover());
    return this.newMaster(old);
  }

  /** Kills the master's process at once. Resolves when it is gone, about a second before the sentinels notice. */
  async killMaster(): Promise<RedisServer> {
    const master = await this.master();
    await master.stop();
    return master;
  }

  /** Starts anew, empty and on its port, what `killMaster` returned. Resolves once it is the replica of the new master. */
  async restart(killed: RedisServer): Promise<RedisServer> {
    const replica = await startServer(killed.port, await this.newMaster(killed));
    this.#servers = this.#servers.map((server) => (server.port === replica.port ? replica : server));
    await this.settled();
    return replica;
  }

  /**
   * Stops the master's process for `ms` milliseconds, its connections staying open. Resolves when it goes on: as what it
   * was, and if that was long enough for a new master, for up to two seconds as the old one of a `failover`.
   */
  async pauseMaster(ms: number): Promise<void> {
    const { pid } = await this.master();
    process.kill(pid, 'SIGSTOP');
    await delay(ms);
    process.kill(pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.#servers].map((server) => server.stop()));
  }

  /** False while the sentinel has not heard from the replica for a moment and would not promote it. */
  async #startFailover(): Promise<boolean> {
    try {
      await this.sentinels[0]!.client.call('SENTINEL', 'FAILOVER', name);
      return true;
    } catch (error) {
      if (!String(error).includes('NOGOODSLAVE')) throw error;
      await delay(20);
      return false;
    }
  }

  /** Whom each sentinel calls the master. */
  #masterPorts(): Promise<number[]> {
    return Promise.all(
      this.sentinels.map(async ({ client }) => {
        const [, port] = (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as string[];
        return Number(port);
      }),
    );
  }

  async #isSettled(): Promise<boolean> {
    const master = await this.master();
    const replica = this.#servers.find(({ port }) => port !== master.port)!;
    const views = await Promise.all(this.sentinels.map((sentinel) => seesAllWell(sentinel)));
    return views.every(Boolean) && follows(replica, master);
  }
}

/** A replica of `master` if there is one. */
function startServer(port: number, master?: RedisServer): Promise<RedisServer> {
  const replica = master ? ['--replicaof', '127.0.0.1', String(master.port)] : [];
  return startRedis(['--port', String(port), '--repl-diskless-sync-delay', '0', ...replica]);
}

async function follows(replica: RedisServer, { port }: RedisServer): Promise<boolean> {
  const facts = (await replica.client.info('replication')).split('\r\n');
  return facts.includes(`master_port:${port}`) && facts.includes('master_link_status:up');
}

/** It sees a master, one replica and two other sentinels, none of them down. */
async function seesAllWell({ client }: RedisServer): Promise<boolean> {
  const [master, replicas, others] = await Promise.all([
    client.call('SENTINEL', 'MASTER', name) as Promise<string[]>,
    client.call('SENTINEL', 'REPLICAS', name) as Promise<string[][]>,
    client.call('SENTINEL', 'SENTINELS', name) as Promise<string[][]>,
  ]);
  const flags = [master, ...replicas, ...others].map((instance) => field(instance, 'flags'));
  return flags.join(' ') === 'master slave sentinel sentinel';
}

/** Sentinel describes an instance by names and values in turn. */
function field(instance: string[], named: string): string | undefined {
  return instance[instance.indexOf(named) + 1];
}
