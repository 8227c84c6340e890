import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Entry } from '../../../src/registry/registry.ts';
import { onOwnPort } from '../../support/own-port.ts';
import type { RedisServer } from '../../support/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { NodeWatch } from './node-watch.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryLine, RegistryStage } from './registry-stage.ts';
import { deviceKey, entryOf, impatient } from './registry-stage.ts';

/** One Redis server, and a proxy in front of it for each pod. */
export class SingleRegistry implements RegistryStage {
  readonly mode = 'single';
  readonly #recorder: Recorder;
  readonly #client: Redis;
  #server: RedisServer;
  #watch: NodeWatch;

  static async start(recorder: Recorder): Promise<SingleRegistry> {
    const server = await onOwnPort((port) => startRedis(['--port', String(port)]));
    const stage = new SingleRegistry(recorder, server);
    await stage.#watch.begun;
    return stage;
  }

  constructor(recorder: Recorder, server: RedisServer) {
    this.#recorder = recorder;
    this.#server = server;
    this.#watch = new NodeWatch(recorder, server);
    this.#client = new Redis({ ...impatient, port: server.port });
    this.#client.on('error', () => {}); // the lookup that fails says it
  }

  async lineFor(): Promise<RegistryLine> {
    const proxy = await startTcpProxy({ port: this.#server.port });
    return { proxy, url: `redis://127.0.0.1:${proxy.port}` };
  }

  async lookup(deviceId: string): Promise<Entry | undefined> {
    return entryOf(await this.#client.get(deviceKey(deviceId)));
  }

  /** Kills the server, and after some ms starts it anew, empty. */
  async restart(downMs: number): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    this.#recorder.record({ type: 'redis.emptied', node: this.#watch.node });
    await delay(downMs);
    await this.#watch.stop();
    this.#server = await startRedis(['--port', String(port)]);
    this.#watch = new NodeWatch(this.#recorder, this.#server);
    await this.#watch.begun;
  }

  /** Stops its process for some ms. */
  async pause(ms: number): Promise<void> {
    process.kill(this.#server.pid, 'SIGSTOP');
    await delay(ms);
    process.kill(this.#server.pid, 'SIGCONT');
  }

  async settled(): Promise<void> {
    await this.#server.client.ping();
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    const watched = this.#watch.stop();
    await this.#server.stop();
    await watched;
  }
}
