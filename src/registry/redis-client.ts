import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Cluster, Redis, SentinelConnector } from 'ioredis';
import type { RedisOptions, Result, SentinelConnectionOptions } from 'ioredis';
import { withoutArguments } from './redis-errors.ts';
import { limitReplies } from './redis-limits.ts';
import type { RedisUrl } from '../config/redis-url.ts';

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
  /** What is wrong with it, without any password. */
  error: (error: Error) => void;
}

/** What Sentinels are shown. Without a password they are asked for nothing. */
export interface SentinelLogin {
  username?: string | undefined;
  password?: string | undefined;
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
  reconnectOnError: ({ message }: Error) => (/^(READONLY|MASTERDOWN)/.test(message) ? 1 : false),
  enableReadyCheck: false, // it wants INFO, which may be disabled; the registry tries what it needs itself
} satisfies RedisOptions;

const retryMs = (tries: number) => Math.min(tries * 100, 2000) * (0.5 + Math.random() / 2);

/** A client of one server, of the master that Sentinels name, or of a Cluster. */
export function connectRedis(
  url: RedisUrl,
  listeners: RedisEvents,
  sentinelLogin: SentinelLogin = {},
): RedisConnection {
  const events = { ...listeners, error: (error: Error) => listeners.error(withoutArguments(error)) };
  const client = url.kind === 'cluster' ? connectCluster(url, events) : connectServer(url, events, sentinelLogin);
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

function connectServer(url: RedisUrl, events: RedisEvents, sentinelLogin: SentinelLogin): Redis {
  const client = new Redis({
    ...common,
    ...(url.kind === 'sentinel' ? behindSentinels(url, events, sentinelLogin) : url.hosts[0]!),
    ...login(url),
    db: url.db,
    enableOfflineQueue: false,
    retryStrategy: retryMs,
    scripts,
  });
  limitReplies(client);
  client.on('ready', events.connected).on('close', events.lost).on('error', events.error);
  return client.on('sentinelError', events.error);
}

function behindSentinels({ hosts, master, tls }: RedisUrl, events: RedisEvents, asked: SentinelLogin): RedisOptions {
  return {
    sentinels: hosts,
    name: master!,
    failoverDetector: true,
    sentinelRetryStrategy: retryMs,
    sentinelCommandTimeout: 1000,
    ...(asked.username === undefined ? {} : { sentinelUsername: asked.username }),
    ...(asked.password === undefined ? {} : { sentinelPassword: asked.password }),
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    Connector: watchedConnector(events),
  };
}

/** ioredis makes the clients of the Sentinels itself, in a method that only its types call private. */
interface SentinelClients {
  connectToSentinel(...args: unknown[]): Redis;
}

/** Finds the master by the Sentinels. Their replies are limited and their errors told as well. */
function watchedConnector(events: RedisEvents) {
  return class extends SentinelConnector {
    constructor(options: unknown) {
      super(options as SentinelConnectionOptions);
      const clients = this as unknown as SentinelClients;
      const connect = clients.connectToSentinel.bind(this);
      clients.connectToSentinel = (...args) => {
        const client = connect(...args);
        limitReplies(client);
        return client.on('error', (error: Error) => events.error(ofSentinel(client, error)));
      };
    }
  };
}

/** In the words in which ioredis tells of it as well. */
function ofSentinel({ options: { host, port } }: Redis, { message }: Error): Error {
  return new Error(`failed to connect to sentinel ${host}:${port} because ${message}`);
}

function connectCluster({ tls, username, password, hosts }: RedisUrl, events: RedisEvents): Cluster {
  const client = new Cluster(hosts, {
    enableOfflineQueue: false,
    enableReadyCheck: false,
    retryDelayOnFailover: 0, // it would send again what was under way when a connection broke
    clusterRetryStrategy: retryMs,
    clusterNodeRetryStrategy: retryMs,
    slotsRefreshInterval: 2000,
    scripts,
    redisOptions: { ...common, ...login({ tls, username, password }) },
    ...(tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}), // certificates name hosts, not addresses
  });
  withoutSubscriber(client);
  client.on('+node', (node: Redis) => limitNode(node, events));
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
  client.on('close', events.lost).on('error', (error: Error) => events.error(withReason(error)));
  return client.on('node error', events.error);
}

/** A node, and the copies of it that ask for the slots: what is wrong with those nobody else tells. */
function limitNode(node: Redis, events: RedisEvents): void {
  limitReplies(node);
  const duplicate = node.duplicate.bind(node);
  node.duplicate = (override) => {
    const copy = duplicate(override);
    limitReplies(copy);
    return copy.on('error', events.error);
  };
}

/** A Cluster's client connects to a node for subscriptions, of which there are none, and the replies on it could not be limited. */
function withoutSubscriber(client: Cluster): void {
  (client as unknown as { subscriber: { start: () => void } }).subscriber.start = () => {};
}

/** That no node could be asked says nothing without why the last one could not. */
function withReason(error: Error & { lastNodeError?: Error }): Error {
  const { lastNodeError } = error;
  return lastNodeError ? new Error(`${error.message} ${withoutArguments(lastNodeError).message}`) : error;
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
