import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisWatch } from '../redis-watch.ts';
import { takeSnapshot, watchRedis } from '../redis-watch.ts';
import type { Recorder } from './recorder.ts';
import { prefix } from './registry-stage.ts';

const againMs = 20;

/** Watches one Redis server for as long as it lives, through everything that breaks the connection to it. */
export class NodeWatch {
  readonly node: string;
  readonly #port: number;
  readonly #peers: () => readonly string[];
  readonly #recorder: Recorder;
  #watch: RedisWatch | undefined;
  #isOver = false;
  #isKnown = false;
  readonly #following: Promise<void>;
  #markBegun: () => void = () => {};
  /** Resolves once everything the server does is recorded. */
  readonly begun = new Promise<void>((resolve) => (this.#markBegun = resolve));

  /** `peers`: the addresses of all servers of the group. */
  constructor(recorder: Recorder, { port, peers = () => [] }: { port: number; peers?: () => readonly string[] }) {
    this.node = `redis-${port}`;
    this.#port = port;
    this.#peers = peers;
    this.#recorder = recorder;
    this.#following = this.#follow();
    this.#following.catch(() => {}); // `stop` tells it
  }

  /** What the server holds now, after something MONITOR does not show. */
  async snapshot(): Promise<void> {
    this.#recorder.add(await takeSnapshot(this.#port, { node: this.node, prefix }));
  }

  /** Rejects when a command could not be followed. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#watch?.stop();
    await this.#following;
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#watchOnce();
      } catch (error) {
        if (isFatal(error)) throw error;
      }
      if (!this.#isOver) await delay(againMs);
    }
  }

  /** A server that cannot tell what it holds, such as one that is loading, is not watched: nothing is known of it. */
  async #probe(): Promise<void> {
    const { node } = this;
    try {
      await reach(this.#port);
      await takeSnapshot(this.#port, { node, prefix });
      this.#isKnown = true;
    } catch (error) {
      if (this.#isKnown) this.#recorder.record({ type: 'redis.emptied', node });
      this.#isKnown = false;
      throw error;
    }
  }

  async #watchOnce(): Promise<void> {
    const { node } = this;
    await this.#probe();
    const record = (fact: Parameters<Recorder['add']>[0]) => this.#recorder.add(fact);
    this.#watch = await watchRedis({ port: this.#port, node, prefix, peers: this.#peers(), record });
    this.#markBegun();
    if (this.#isOver) this.#watch.stop();
    await this.#watch.ended;
  }
}

/** Rejects when nobody listens there: a Redis client would go on trying. */
async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

/** A server that is down is no fault of the recording. */
function isFatal(error: unknown): boolean {
  return String(error).includes('cannot follow');
}
