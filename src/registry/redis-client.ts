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

/** Events of the connection to Redis. The client reconnects by itself. */
export interface RedisEvents {
  /** A connection accepts commands, for the first time or again. It can be another server than before. */
  connected: () => void;
  lost: () => void;
  /** An error of the connection. It contains no password. */
  error: (error: Error) => void;
}

/** User and password for the Sentinels. Without a password the client does not log in. */
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

/** Commands fail soon while Redis is down, and are never sent twice. The reconciler repairs what is unknown. */
const common = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 1000,
  connectTimeout: 2000,
  socketTimeout: 3000,
  reconnectOnError: ({ message }: Error) => (/^(READONLY|MASTERDOWN)/.test(message) ? 1 : false),
  enableReadyCheck: false, // it needs INFO, which can be disabled; the registry tests the commands that it needs
} satisfies RedisOptions;

const retryMs = (tries: number) => Math.min(tries * 100, 2000) * (0.5 + Math.random() / 2);

/** Creates a client of one server, of the master that the Sentinels name, or of a Cluster. */
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

/** ioredis creates the clients of the Sentinels in a method that is private only in its types. */
interface SentinelClients {
  connectToSentinel(...args: unknown[]): Redis;
}

/** A connector that finds the master through the Sentinels. It limits their replies and reports their errors. */
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

/** The error of a Sentinel, in the same words as ioredis uses. */
function ofSentinel({ options: { host, port } }: Redis, { message }: Error): Error {
  return new Error(`failed to connect to sentinel ${host}:${port} because ${message}`);
}

function connectCluster({ tls, username, password, hosts }: RedisUrl, events: RedisEvents): Cluster {
  const client = new Cluster(hosts, {
    enableOfflineQueue: false,
    enableReadyCheck: false,
    retryDelayOnFailover: 0, // otherwise it would send running commands again after a broken connection
    clusterRetryStrategy: retryMs,
    clusterNodeRetryStrategy: retryMs,
    slotsRefreshInterval: 2000,
    scripts,
    redisOptions: { ...common, ...login({ tls, username, password }) },
    ...(tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}), // certificates contain host names, not addresses
  });
  withoutSubscriber(client);
  client.on('+node', (node: Redis) => limitNode(node, events));
  let masters = '';
  /** Connects to all masters. Otherwise the first command for a node connects to it, and further commands fail until then. */
  const connectAll = async () => {
    await Promise.allSettled(client.nodes('master').map(connected));
    events.connected();
  };
  client.on('refresh', () => {
    const present = mastersOf(client);
    if (masters !== '' && present !== masters) void connectAll(); // a failover can lose the last writes
    masters = present;
  });
  client.on('ready', () => void connectAll());
  client.on('close', events.lost).on('error', (error: Error) => events.error(withReason(error)));
  return client.on('node error', events.error);
}

/** Limits the replies of a node and of its copies, which read the slots. It also reports the errors of the copies. */
function limitNode(node: Redis, events: RedisEvents): void {
  limitReplies(node);
  const duplicate = node.duplicate.bind(node);
  node.duplicate = (override) => {
    const copy = duplicate(override);
    limitReplies(copy);
    return copy.on('error', events.error);
  };
}

/** Stops the Cluster client from connecting to a node for subscriptions. There are none, and its replies could not be limited. */
function withoutSubscriber(client: Cluster): void {
  (client as unknown as { subscriber: { start: () => void } }).subscriber.start = () => {};
}

/** Adds the error of the last node to an error that says that no node answered. */
function withReason(error: Error & { lastNodeError?: Error }): Error {
  const { lastNodeError } = error;
  return lastNodeError ? new Error(`${error.message} ${withoutArguments(lastNodeError).message}`) : error;
}

/** Resolves when this node of a Cluster accepts commands. */
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
