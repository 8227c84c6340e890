import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions, Result } from 'ioredis';
import type { RedisUrl } from './redis-url.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    registerDevice(
      key: string,
      entry: string,
      traceId: string,
      leaseTtlMs: number,
      t: number,
      isFirst: '1' | '',
      wentBackMs: number,
    ): Result<[1, string, string] | [0, string, 0 | 1], Context>;
    unregisterDevice(key: string, entry: string): Result<0 | 1, Context>;
    clock(key: string): Result<[string, string], Context>;
    grantCloses(key: string, count: number, perSecond: number, keptMicros: number): Result<number, Context>;
  }
}

export type RedisClient = Redis | Cluster;

export interface RedisConnection {
  client: RedisClient;
  close: () => void;
}

/** What happens to the connection. The client goes on trying by itself. */
export interface RedisEvents {
  /** There is one that takes commands, for the first time or again: another server may be at its other end. */
  connected: () => void;
  lost: () => void;
  error: (error: Error) => void;
}

const script = (name: string) => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

const scripts = {
  registerDevice: { lua: script('register'), numberOfKeys: 1 },
  unregisterDevice: { lua: script('unregister'), numberOfKeys: 1 },
  clock: { lua: script('clock'), numberOfKeys: 1, readOnly: true },
  grantCloses: { lua: script('grant-closes'), numberOfKeys: 1 },
};

/** Fail soon while Redis is away, and never send a command a second time: what is unknown is repaired, not repeated. */
const common = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 1000,
  connectTimeout: 2000,
  socketTimeout: 3000,
  reconnectOnError: ({ message }: Error) => (/^(READONLY|LOADING|MASTERDOWN)/.test(message) ? 1 : false),
} satisfies RedisOptions;

const retryMs = (tries: number) => Math.min(tries * 100, 2000) * (0.5 + Math.random() / 2);

/** A client of one server, of the master that Sentinels name, or of a Cluster. */
export function connectRedis(url: RedisUrl, events: RedisEvents): RedisConnection {
  const client = url.kind === 'cluster' ? connectCluster(url, events) : connectServer(url, events);
  let isClosed = false;
  const connectAgain = () => {
    if (!isClosed) void client.connect().catch(events.error);
  };
  // A failover that Sentinel announces while its client connects ends this client for good.
  client.on('end', () => void setTimeout(connectAgain, retryMs(1)));
  return {
    client,
    close() {
      isClosed = true;
      client.disconnect();
    },
  };
}

function connectServer({ kind, tls, username, password, hosts, master, db }: RedisUrl, events: RedisEvents): Redis {
  const where: RedisOptions =
    kind === 'sentinel'
      ? {
          sentinels: hosts,
          name: master!,
          failoverDetector: true,
          sentinelRetryStrategy: retryMs,
          sentinelCommandTimeout: 1000,
          ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        }
      : hosts[0]!;
  const client = new Redis({
    ...common,
    ...where,
    ...login({ tls, username, password }),
    db,
    enableOfflineQueue: false,
    retryStrategy: retryMs,
    scripts,
  });
  client.on('ready', events.connected).on('close', events.lost).on('error', events.error);
  return client;
}

function connectCluster({ tls, username, password, hosts }: RedisUrl, events: RedisEvents): Cluster {
  const client = new Cluster(hosts, {
    enableOfflineQueue: false,
    retryDelayOnFailover: 0, // it would send again what was under way when a connection broke
    clusterRetryStrategy: retryMs,
    clusterNodeRetryStrategy: retryMs,
    slotsRefreshInterval: 2000,
    scripts,
    redisOptions: { ...common, ...login({ tls, username, password }) },
    ...(tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}), // certificates name hosts, not addresses
  });
  let masters = '';
  /** A node is connected to by the first command for it, and refuses others until then. */
  const connectAll = async () => {
    await Promise.allSettled(client.nodes('master').map(connected));
    events.connected();
  };
  client.on('refresh', () => {
    const present = mastersOf(client);
    if (masters !== '' && present !== masters) void connectAll(); // a failover may have lost what was written last
    masters = present;
  });
  client.on('ready', () => void connectAll());
  client.on('close', events.lost).on('error', events.error);
  return client;
}

/** Resolves once this node of a Cluster takes commands. */
async function connected(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect();
  else if (node.status !== 'ready') await once(node, 'ready', { signal: AbortSignal.timeout(common.connectTimeout) });
}

function login({ tls, username, password }: Pick<RedisUrl, 'tls' | 'username' | 'password'>): RedisOptions {
  return {
    ...(tls ? { tls: {} } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

function mastersOf(client: Cluster): string {
  const nodes = client.nodes('master').map(({ options: { host, port } }) => `${host}:${port}`);
  return nodes.sort().join();
}
