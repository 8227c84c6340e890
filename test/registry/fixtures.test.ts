import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
import { startCluster } from '../support/redis-cluster.ts';
import type { SecureRedis } from '../support/redis-secure.ts';
import { startSecureRedis } from '../support/redis-secure.ts';
import type { RedisSentinel } from '../support/redis-sentinel.ts';
import { startSentinel } from '../support/redis-sentinel.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

describe('a Redis under Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await startSentinel();
  });
  afterAll(() => sentinel.stop());

  it('leads a client to its master, which has a replica', async () => {
    const client = sentinelClient(sentinel.url);

    await client.set('key', 'value');

    expect(await client.wait(1, 0)).toBe(1);
    expect(await (await sentinel.master()).client.get('key')).toBe('value');
  });

  it('promotes the replica of a master that was killed, and takes the killed one back as a replica', async () => {
    await writeTo((await sentinel.master()).client);

    const killed = await sentinel.killMaster();
    const promoted = await sentinel.newMaster(killed);
    const restarted = await sentinel.restart(killed);

    expect(await portOf(sentinelClient(sentinel.url))).toBe(promoted.port);
    expect(await promoted.client.get('key')).toBe('kept');
    expect(await leaderOf(restarted)).toBe(promoted.port);
    expect(await restarted.client.get('key')).toBe('kept');
  });

  it('is silent while its master is paused', async () => {
    const client = open(new Redis((await sentinel.master()).url, { commandTimeout: 100 }));
    await client.ping();

    const pause = sentinel.pauseMaster(400);

    expect(await until(() => isSilent(client))).toBe(true);
    await pause;
    await until(async () => !(await isSilent(client)));
  });

  it('has the former replica for its master after a failover', async () => {
    const before = await sentinel.master();

    const after = await sentinel.failover();

    expect(after.port).not.toBe(before.port);
    expect(await portOf(sentinelClient(sentinel.url))).toBe(after.port);
    expect(await leaderOf(after)).toBeUndefined();
  });
});

describe('a Redis Cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  it('has three masters with a replica each, and every key at one of them', async () => {
    const client = clusterClient(cluster.url);

    await Promise.all(['a', 'b', 'c'].map((key) => client.set(key, `value of ${key}`)));

    const masters = await Promise.all(['a', 'b', 'c'].map((key) => cluster.masterOf(key)));
    const replicas = await Promise.all(masters.map((master) => cluster.replicaOf(master)));
    expect(new Set([...masters, ...replicas])).toEqual(new Set(cluster.nodes));
    expect(await masters[0]!.client.get('a')).toBe('value of a');
  });

  it('has a former replica for a master after a failover', async () => {
    const client = clusterClient(cluster.url);
    const before = await cluster.masterOf('key');
    const replica = await cluster.replicaOf(before);

    const after = await cluster.failover(before);

    expect(after).toBe(replica);
    expect(await cluster.masterOf('key')).toBe(after);
    expect(await leaderOf(before)).toBe(after.port);
    expect(await client.set('key', 'value')).toBe('OK');
  });

  it('moves a slot and its keys to another master, and clients follow while it does and afterwards', async () => {
    const client = clusterClient(cluster.url);
    await client.mset('{slot}1', 'one', '{slot}2', 'two');
    const before = await cluster.masterOf('{slot}1');

    const after = await cluster.migrateSlot('{slot}1', async () => {
      await expect(before.client.get('{slot}1')).rejects.toThrow('ASK');
      expect(await client.get('{slot}1')).toBe('one');
    });

    expect(after).not.toBe(before);
    expect(await after.client.mget('{slot}1', '{slot}2')).toEqual(['one', 'two']);
    await expect(before.client.get('{slot}1')).rejects.toThrow('MOVED');
    expect(await client.get('{slot}2')).toBe('two');
  });

  it('lets the replica of a killed master take over, and takes the killed one back as a replica', async () => {
    const client = clusterClient(cluster.url);
    await writeTo((await cluster.masterOf('key')).client);

    const killed = await cluster.killMaster('key');
    const promoted = await cluster.masterOf('key');
    const restarted = await cluster.restart(killed);

    expect(await client.get('key')).toBe('kept');
    expect(promoted.port).not.toBe(killed.port);
    expect(await leaderOf(restarted)).toBe(promoted.port);
  });
});

describe('a Redis with TLS and users', () => {
  let server: SecureRedis;

  beforeAll(async () => {
    server = await startSecureRedis();
  });
  afterAll(() => server.stop());

  it('serves who trusts its certificate and knows the password', async () => {
    const client = open(new Redis(server.url, { tls: { ca: server.ca } }));

    expect(await client.acl('WHOAMI')).toBe(new URL(server.url).username);
  });

  it.each([
    ['who does not trust its certificate', () => new Redis(server.url), 'self-signed'],
    ['who does not speak TLS', () => new Redis(server.port), 'ECONNRESET'],
    ['no password', () => new Redis(server.port, { tls: { ca: server.ca } }), 'NOAUTH'],
    ['a wrong one', () => new Redis(server.url.replace(/:[^:]+@/, ':guess@'), { tls: { ca: server.ca } }), 'WRONGPASS'],
  ])('refuses %s', async (_, connectWrongly, message) => {
    const [error] = (await once(open(connectWrongly()), 'error', { signal: AbortSignal.timeout(10_000) })) as [Error];

    expect(error.message).toContain(message);
  });
});

describe('a TCP proxy', () => {
  let server: RedisServer;
  let proxy: TcpProxy;

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    await server.client.flushall();
    proxy = await startTcpProxy(server);
    onTestFinished(() => proxy.close());
  });
  afterAll(() => server.stop());

  async function connectThrough(options = {}): Promise<Redis> {
    const client = open(new Redis(proxy.port, { maxRetriesPerRequest: 0, ...options }));
    await client.ping();
    return client;
  }

  it('delays every byte by its latency, up and down, however many are on their way', async () => {
    const client = await connectThrough();
    Object.assign(proxy.latencyMs, { up: 60, down: 40 });
    const startedAt = performance.now();

    await client.ping();
    const took = performance.now() - startedAt;
    await Promise.all(Array.from({ length: 100 }, () => client.ping()));

    expect(took).toBeGreaterThan(99);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('resets every connection when cut, old and new, until it heals', async () => {
    const client = await connectThrough();
    const failure = once(client, 'error');
    expect(proxy.connections).toBe(1);

    proxy.cut();

    expect(await failure).toMatchObject([{ code: 'ECONNRESET' }]);
    await expect(connectThrough()).rejects.toThrow('max retries');
    expect(proxy.connections).toBe(0);
    proxy.heal();
    expect(await (await connectThrough()).ping()).toBe('PONG');
  });

  it('lets nothing up while that is a black hole, and delivers it late', async () => {
    const client = await connectThrough({ commandTimeout: 100 });

    proxy.blackhole('up');

    await expect(client.set('key', 'late')).rejects.toThrow('timed out');
    expect(await server.client.get('key')).toBeNull();
    expect(client.status).toBe('ready');
    proxy.heal();
    await until(() => server.client.get('key'));
  });

  it('lets nothing down while that is a black hole: commands are carried out, but not answered', async () => {
    const client = await connectThrough({ commandTimeout: 100 });

    proxy.blackhole('down');

    await expect(client.set('key', 'value')).rejects.toThrow('timed out');
    expect(await server.client.get('key')).toBe('value');
    expect(client.status).toBe('ready');
    proxy.heal();
    await until(async () => !(await isSilent(client)));
  });

  it('accepts connections in front of a black hole, and holds their bytes and their end', async () => {
    proxy.blackhole('both');
    const client = connect(proxy.port, '127.0.0.1').setTimeout(200);
    await once(client, 'connect');

    client.end('PING\r\n');

    await once(client, 'timeout');
    expect(client.bytesRead).toBe(0);
    expect(proxy.connections).toBe(1);
    proxy.heal();
    expect(await textOf(client)).toBe('+PONG\r\n');
    await until(() => proxy.connections === 0);
  });

  it('resets a client whose upstream is not there', async () => {
    const stranger = await startTcpProxy({ port: await freePort() });
    onTestFinished(() => stranger.close());

    const client = connect(stranger.port, '127.0.0.1');

    await expect(textOf(client)).rejects.toThrow('ECONNRESET');
  });

  it('reads no more than a slow upstream takes, and loses nothing of it', async () => {
    const upstream = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const accepted = once(upstream, 'connection') as Promise<[Socket]>;
    const slow = await startTcpProxy(upstream.address() as AddressInfo);
    onTestFinished(() => slow.close());
    onTestFinished(() => void upstream.close());
    const sender = connect(slow.port, '127.0.0.1').setTimeout(300);
    const over = once(sender, 'close');
    const sent = createHash('sha256');
    let left = 1024;
    const chunks = function* (): Generator<Buffer> {
      for (; left > 0; left -= 1) {
        const chunk = Buffer.alloc(65_536, left);
        sent.update(chunk);
        yield chunk;
      }
    };

    const sending = pipeline(Readable.from(chunks()), sender);

    await once(sender, 'timeout');
    expect(left).toBeGreaterThan(512);
    const received = createHash('sha256');
    const [receiver] = await accepted;
    await Promise.all([sending, pipeline(receiver.resume(), received)]);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    await over;
  });
});

/** Ends with the test. */
function open<Client extends Redis | Cluster>(client: Client): Client {
  client.on('error', () => {}); // a test looks at how commands end
  onTestFinished(() => client.disconnect());
  return client;
}

function sentinelClient(url: string): Redis {
  const [, hosts = '', name = ''] = /^redis\+sentinel:\/\/(.+)\/(.+)$/.exec(url) ?? [];
  return open(new Redis({ sentinels: hosts.split(',').map(addressOf), name }));
}

function clusterClient(url: string): Cluster {
  return open(new Cluster(url.replace('redis+cluster://', '').split(',').map(addressOf)));
}

function addressOf(text: string): { host: string; port: number } {
  const [host = '', port] = text.split(':');
  return { host, port: Number(port) };
}

/** Writes what a replica has before this resolves. */
async function writeTo(master: Redis): Promise<void> {
  await master.set('key', 'kept');
  await master.wait(1, 0);
}

async function portOf(client: Redis): Promise<number> {
  const [, port] = (await client.config('GET', 'port')) as [string, string];
  return Number(port);
}

/** The port of the master of a replica. */
async function leaderOf({ client }: RedisServer): Promise<number | undefined> {
  const [role, , port] = await client.role();
  return role === 'slave' ? Number(port) : undefined;
}

async function isSilent(client: Redis): Promise<boolean> {
  try {
    await client.ping();
    return false;
  } catch {
    return true;
  }
}

/** Everything that comes until the other side ends. */
async function textOf(socket: Socket): Promise<string> {
  return (await socket.setEncoding('utf8').toArray()).join('');
}
