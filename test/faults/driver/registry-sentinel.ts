import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Entry } from '../../../src/registry/registry.ts';
import type { RedisSentinel } from '../../support/redis-sentinel.ts';
import { startSentinel } from '../../support/redis-sentinel.ts';
import { NodeWatch } from './node-watch.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryLine, RegistryStage } from './registry-stage.ts';
import { deviceKey, entryOf, impatient } from './registry-stage.ts';

/** A master and a replica under three Sentinels. */
export class SentinelRegistry implements RegistryStage {
  readonly mode = 'sentinel';
  readonly #recorder: Recorder;
  readonly #group: RedisSentinel;
  readonly #client: Redis;
  readonly #listener: Redis;
  readonly #watches: NodeWatch[];
  #masterPort: number;

  static async start(recorder: Recorder): Promise<SentinelRegistry> {
    const group = await startSentinel();
    const { port } = await group.master();
    const [[, , replicas]] = [await (await group.master()).client.role()] as unknown as [[string, number, string[][]]];
    const ports = [port, ...replicas.map(([, replica]) => Number(replica))];
    const stage = new SentinelRegistry(recorder, group, ports);
    await Promise.all(stage.#watches.map(({ begun }) => begun));
    return stage;
  }

  /** `ports`: the master's first. */
  constructor(recorder: Recorder, group: RedisSentinel, ports: number[]) {
    const sentinels = group.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
    const peers = () => ports.map((port) => `127.0.0.1:${port}`);
    this.#recorder = recorder;
    this.#group = group;
    this.#masterPort = ports[0]!;
    this.#watches = ports.map((port) => new NodeWatch(recorder, { port, peers }));
    this.#client = new Redis({ ...impatient, sentinels, name: 'main', sentinelRetryStrategy: () => 100 });
    this.#client.on('error', () => {}); // the lookup that fails says it
    this.#listener = new Redis(sentinels[0]!);
    this.#listener.on('message', (_, message: string) => this.#switched(Number(message.split(' ')[4])));
    void this.#listener.subscribe('+switch-master');
  }

  lineFor(): Promise<RegistryLine> {
    return Promise.resolve({ url: this.#group.url, proxy: undefined });
  }

  async lookup(deviceId: string): Promise<Entry | undefined> {
    return entryOf(await this.#client.get(deviceKey(deviceId)));
  }

  /** The Sentinels hand over to the replica. */
  async failOver(): Promise<void> {
    await this.#group.failover();
    await this.#recovered();
  }

  /** Kills the master, and starts it anew, empty, once the replica has taken over. */
  async killMaster(): Promise<void> {
    const killed = await this.#group.killMaster();
    this.#recorder.record({ type: 'redis.emptied', node: `redis-${killed.port}` });
    await this.#group.restart(killed);
    await this.#recovered();
  }

  /** Stops the master's process for some ms; if they are many, the replica takes over. */
  async pauseMaster(ms: number): Promise<void> {
    await this.#group.pauseMaster(ms);
    await delay(ms > 500 ? 1500 : 0); // by then the Sentinels know whether it is the master still
    await this.#recovered();
  }

  async settled(): Promise<void> {
    await this.#group.settled();
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    this.#listener.disconnect();
    const watched = Promise.all(this.#watches.map((watch) => watch.stop()));
    await this.#group.stop();
    await watched;
  }

  /** A server that became a replica has thrown away what it held, and MONITOR does not tell. */
  async #recovered(): Promise<void> {
    await this.settled();
    await Promise.all(this.#watches.map((watch) => watch.snapshot()));
  }

  #switched(port: number): void {
    if (port === this.#masterPort) return;
    this.#recorder.record({ type: 'redis.promoted', node: `redis-${port}`, instead: `redis-${this.#masterPort}` });
    this.#masterPort = port;
  }
}
