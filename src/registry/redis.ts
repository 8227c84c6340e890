import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { Result } from 'ioredis';
import type { Claim, Entry, PodRecord, Registration, Registry } from './registry.ts';
import { podTtlMs, RegistryUnavailable } from './registry.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    registerDevice(
      key: string,
      entry: string,
      traceId: string,
      leaseTtlMs: number,
      t: number | '',
    ): Result<[1, string, string] | [0, string], Context>;
    unregisterDevice(key: string, entry: string): Result<0 | 1, Context>;
  }
}

export interface RedisRegistryOptions {
  /** `redis://` or `rediss://`, with user info as usual. */
  url: string;
  /** What every key begins with. */
  prefix: string;
  leaseTtlMs: number;
  /** Connection trouble; the client goes on trying by itself. */
  onError: (error: Error) => void;
}

const script = (name: string) => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

/** The registry in one Redis server (from 6.2 on, for GETEX). */
export class RedisRegistry implements Registry {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #leaseTtlMs: number;

  constructor({ url, prefix, leaseTtlMs, onError }: RedisRegistryOptions) {
    this.#prefix = prefix;
    this.#leaseTtlMs = leaseTtlMs;
    // Fail at once while Redis is away and never send a command a second time: the refresh repairs what is unknown.
    this.#redis = new Redis(url, {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 1000,
      connectTimeout: 2000,
      socketTimeout: 3000,
      retryStrategy: (tries) => Math.min(tries * 100, 2000) * (0.5 + Math.random() / 2),
      reconnectOnError: ({ message }) => (/^(READONLY|LOADING|MASTERDOWN)/.test(message) ? 1 : false),
      scripts: {
        registerDevice: { lua: script('register'), numberOfKeys: 1 },
        unregisterDevice: { lua: script('unregister'), numberOfKeys: 1 },
      },
    });
    this.#redis.on('error', onError);
  }

  register(claim: Claim, t?: number): Promise<Registration> {
    const { deviceId, serverIp, port, traceId, podId } = claim;
    const head = JSON.stringify({ v: 1, serverIp, port, traceId, podId }).replace(/}$/, ',"t":');
    return attempt('register', async () => {
      const key = this.#deviceKey(deviceId);
      const reply = await this.#redis.registerDevice(key, head, traceId, this.#leaseTtlMs, t ?? '');
      if (reply[0] === 0) return { outcome: 'refused', stored: JSON.parse(reply[1]) };
      const entry: Entry = { v: 1, serverIp, port, traceId, podId, t: Number(reply[1]) };
      return { outcome: 'registered', entry, previous: parseEntry(reply[2]) };
    });
  }

  refresh(deviceId: string): Promise<Entry | undefined> {
    return attempt('refresh', async () =>
      parseEntry(await this.#redis.getex(this.#deviceKey(deviceId), 'PX', this.#leaseTtlMs)),
    );
  }

  unregister(deviceId: string, { serverIp, port, traceId, podId, t }: Entry): Promise<boolean> {
    const written = JSON.stringify({ v: 1, serverIp, port, traceId, podId, t });
    return attempt('unregister', async () => {
      return (await this.#redis.unregisterDevice(this.#deviceKey(deviceId), written)) === 1;
    });
  }

  lookup(deviceId: string): Promise<Entry | undefined> {
    return attempt('lookup', async () => parseEntry(await this.#redis.get(this.#deviceKey(deviceId))));
  }

  writePod(podId: string, record: PodRecord): Promise<void> {
    return attempt('write-pod', async () => {
      await this.#redis.set(this.#podKey(podId), JSON.stringify(record), 'PX', podTtlMs);
    });
  }

  deletePod(podId: string): Promise<void> {
    return attempt('delete-pod', async () => {
      await this.#redis.del(this.#podKey(podId));
    });
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  /** The braces keep one device's keys on one node of a Cluster. */
  #deviceKey(deviceId: string): string {
    return `${this.#prefix}:device:{${deviceId}}`;
  }

  #podKey(podId: string): string {
    return `${this.#prefix}:pod:${podId}`;
  }
}

async function attempt<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new RegistryUnavailable(operation, error);
  }
}

/** Another program may have written the key: what is no entry counts as none. */
function parseEntry(text: string | null): Entry | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Partial<Record<keyof Entry, unknown>>;
  return (
    typeof entry.serverIp === 'string' &&
    typeof entry.port === 'number' &&
    typeof entry.traceId === 'string' &&
    typeof entry.podId === 'string' &&
    Number.isSafeInteger(entry.t)
  );
}
