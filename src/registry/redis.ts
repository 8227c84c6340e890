import type { Cluster, Redis } from 'ioredis';
import { Command } from 'ioredis';
import { parseEntry } from '@ws-connect/callback-client/internal/entry';
import { parsePodRecord } from './pod-record.ts';
import type { RedisClient, RedisConnection, RedisEvents, SentinelLogin } from './redis-client.ts';
import { connectRedis } from './redis-client.ts';
import { tryCommands } from './redis-check.ts';
import { isFull, isOutage, withoutArguments } from './redis-errors.ts';
import { readEvictionPolicy } from './redis-facts.ts';
import type { RedisUrl } from '../config/redis-url.ts';
import type {
  CheckedRegistry,
  Claim,
  Entry,
  Hold,
  KnownPod,
  PodRecord,
  Registration,
  RegistryFacts,
  Reply,
} from './registry.ts';
import { closesKeptMs, podTtlMs, RegistryUnavailable, wentBackMs } from './registry.ts';

export interface RedisRegistryOptions {
  url: RedisUrl;
  /** Prefix of every key. */
  prefix: string;
  leaseTtlMs: number;
  events: RedisEvents;
  sentinelLogin?: SentinelLogin;
}

/** The registry in Redis 6.2 or later (because of GETEX): one server, Sentinel or Cluster. */
export class RedisRegistry implements CheckedRegistry {
  readonly #connection: RedisConnection;
  readonly #redis: RedisClient;
  readonly #prefix: string;
  readonly #leaseTtlMs: number;

  constructor({ url, prefix, leaseTtlMs, events, sentinelLogin }: RedisRegistryOptions) {
    this.#prefix = prefix;
    this.#leaseTtlMs = leaseTtlMs;
    this.#connection = connectRedis(url, events, sentinelLogin);
    this.#redis = this.#connection.client;
  }

  register(claims: readonly Claim[]): Promise<Reply<Registration>[]> {
    return this.#batch('register', claims, async ({ deviceId, serverIp, port, traceId, podId, t, isFirst }) => {
      const head = JSON.stringify({ v: 1, serverIp, port, traceId, podId }).replace(/}$/, ',"t":');
      const key = this.#deviceKey(deviceId);
      const reply = await this.#redis.registerDevice(
        key,
        head,
        traceId,
        this.#leaseTtlMs,
        t,
        isFirst ? '1' : '',
        wentBackMs,
      );
      if (reply[0] === 0) return { outcome: 'refused', stored: stored(reply[1]), isAhead: reply[2] === 1 };
      const entry: Entry = { v: 1, serverIp, port, traceId, podId, t: Number(reply[1]) };
      return { outcome: 'registered', entry, previous: parseEntry(reply[2]) };
    });
  }

  refresh(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]> {
    return this.#batch('refresh', deviceIds, async (deviceId) =>
      parseEntry(await this.#redis.getex(this.#deviceKey(deviceId), 'PX', this.#leaseTtlMs)),
    );
  }

  unregister(holds: readonly Hold[]): Promise<Reply<boolean>[]> {
    return this.#batch('unregister', holds, async ({ deviceId, serverIp, port, traceId, podId, t }) => {
      const written = JSON.stringify({ v: 1, serverIp, port, traceId, podId, t });
      return (await this.#redis.unregisterDevice(this.#deviceKey(deviceId), written)) === 1;
    });
  }

  lookup(deviceIds: readonly string[]): Promise<Reply<Entry | undefined>[]> {
    return this.#batch('lookup', deviceIds, async (deviceId) =>
      parseEntry(await this.#redis.get(this.#deviceKey(deviceId))),
    );
  }

  time(): Promise<number> {
    return attempt('time', async () => {
      const [seconds, microseconds] = await this.#redis.clock(`${this.#prefix}:clock`);
      return Number(seconds) * 1000 + Number(microseconds) / 1000;
    });
  }

  grantCloses(count: number, perSecond: number): Promise<number> {
    return attempt('grant-closes', () =>
      this.#redis.grantCloses(`${this.#prefix}:closes`, count, perSecond, closesKeptMs * 1000),
    );
  }

  writePod(podId: string, record: PodRecord): Promise<void> {
    return attempt('write-pod', async () => {
      await this.#redis.set(this.#podKey(podId), JSON.stringify(record), 'PX', podTtlMs);
      await this.#redis.sadd(this.#podsKey, podId);
    });
  }

  deletePod(podId: string): Promise<void> {
    return attempt('delete-pod', async () => {
      await this.#redis.del(this.#podKey(podId));
      await this.#redis.srem(this.#podsKey, podId);
    });
  }

  pods(): Promise<KnownPod[]> {
    return attempt('pods', async () => {
      const podIds = await this.#redis.smembers(this.#podsKey);
      const read = podIds.map(async (podId) => ({ podId, text: await this.#redis.get(this.#podKey(podId)) }));
      const found = await Promise.all(read);
      const gone = found.filter(({ text }) => text === null).map(({ podId }) => podId);
      if (gone.length > 0) await this.#redis.srem(this.#podsKey, gone); // a running pod adds itself again with its next record
      return found.flatMap(({ podId, text }) => {
        const record = parsePodRecord(text);
        return record ? { podId, ...record } : [];
      });
    });
  }

  check(): Promise<RegistryFacts> {
    return attempt('check', async () => {
      const tried = await Promise.allSettled(this.#checkKeys().map((key) => tryCommands(this.#redis, key)));
      const failures = tried.flatMap((one) => (one.status === 'rejected' ? unavailable('check', one.reason) : []));
      const refusal = failures.find(({ result }) => result === 'refused');
      // if one node of a Cluster is down, only its own devices fail
      if (refusal || failures.length === tried.length) throw (refusal ?? failures[0]!).cause;
      return { evictionPolicy: await readEvictionPolicy(serversOf(this.#redis)) };
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  /** Sends the commands of a batch with one write to each server, which takes a third of the CPU. Each command has its own result. */
  #batch<T, R>(operation: string, batch: readonly T[], run: (one: T) => Promise<R>): Promise<Reply<R>[]> {
    const streams = serversOf(this.#redis).flatMap(({ stream }) => stream ?? []); // there is none before the first connect
    for (const stream of streams) stream.cork();
    const replies = batch.map((one) => run(one).catch((error: unknown) => unavailable(operation, error)));
    for (const stream of streams) stream.uncork();
    return Promise.all(replies);
  }

  /** One key for each server that accepts writes. */
  #checkKeys(): string[] {
    const keyOf = (number: number) => `${this.#prefix}:check:{${number}}`;
    if (!isCluster(this.#redis)) return [keyOf(0)];
    const byNode = new Map<string, string>();
    const nodes = this.#redis.nodes('master').length;
    for (let number = 0; byNode.size < nodes && number < 100 * nodes; number += 1) {
      const [master] = this.#redis.slots[new Command('get', [keyOf(number)]).getSlot()] ?? [];
      if (master !== undefined && !byNode.has(master)) byNode.set(master, keyOf(number));
    }
    return byNode.size > 0 ? [...byNode.values()] : [keyOf(0)];
  }

  /** Key of a device. The braces keep all keys of a device on one node of a Cluster. */
  #deviceKey(deviceId: string): string {
    return `${this.#prefix}:device:{${deviceId}}`;
  }

  #podKey(podId: string): string {
    return `${this.#prefix}:pod:${podId}`;
  }

  /** Key of the set with the ids of all pods. A scan over the keys of millions of devices would take too long. */
  get #podsKey(): string {
    return `${this.#prefix}:pods`;
  }
}

/** Reads the newer entry because of which a registration was refused. */
function stored(text: string): Entry {
  const entry = parseEntry(text);
  if (!entry) throw new Error('the stored entry cannot be read');
  return entry;
}

async function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw unavailable(operation, error);
  }
}

function unavailable(operation: string, error: unknown): RegistryUnavailable {
  const { name, message } = withoutArguments(error as Error);
  if (name === 'ReplyError') {
    return new RegistryUnavailable(operation, error, isOutage(message) ? 'failed' : 'refused', isFull(message));
  }
  const isUnsent = /enableOfflineQueue options is false/.test(message);
  return new RegistryUnavailable(operation, error, isUnsent ? 'failed' : 'unknown');
}

function serversOf(client: RedisClient): Redis[] {
  return isCluster(client) ? client.nodes('master') : [client];
}

function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}
