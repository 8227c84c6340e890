import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Entry } from '../../src/registry/registry.ts';
import { Device } from '../support/device.ts';
import { startFleet } from '../support/fleet.ts';
import { startCluster } from '../support/redis-cluster.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import type { RedisFact } from './history.ts';
import { watchRedis } from './redis-watch.ts';

const entry: Entry = { v: 1, serverIp: '127.0.0.2', port: 8081, traceId: 'x', podId: 'a', t: 5 };
const text = JSON.stringify(entry);
const key = 'test:device:{lamp:1}';
const base = { node: 'one', deviceId: 'lamp:1', replicated: false, at: expect.any(Number) };

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis(['--repl-diskless-sync-delay', '0']);
});
afterAll(() => server.stop());

/** What a node has done since now. */
async function watch(port = server.port, peers: string[] = []) {
  const facts: RedisFact[] = [];
  const record = (fact: RedisFact) => facts.push(fact);
  const watching = await watchRedis({ node: 'one', prefix: 'test', port, peers, record });
  onTestFinished(() => watching.stop());
  const seen = async (count: number) => {
    await until(() => facts.length > count);
    return facts.slice(1);
  };
  return { facts, watching, seen };
}

describe('watchRedis', () => {
  it('tells every write of an entry, with its lease, and nothing else', async () => {
    const { client } = server;
    const { seen } = await watch();

    const before = Date.now();
    await client.set(key, text, 'PX', 1500);
    await client.get(key);
    await client.set('other:device:{lamp:1}', text);
    await client.set('test:pod:a', '{}', 'PX', 15_000);
    await client.getex(key, 'PX', 2500);
    await client.getex(key);
    await client.set(key, 'no entry');
    await client.del('test:pod:a', key);
    const facts = await seen(4);

    expect(facts).toEqual([
      { ...base, type: 'redis.set', entry, expiresAt: facts[0]!.at + 1500 },
      { ...base, type: 'redis.prolonged', expiresAt: facts[1]!.at + 2500 },
      { ...base, type: 'redis.set', entry: null, expiresAt: null },
      { ...base, type: 'redis.deleted', by: { podId: 'a' } },
    ]);
    for (const { at } of facts) expect(Math.abs(at - before)).toBeLessThan(2000);
    await client.flushall();
  });

  it.each([
    ['set EX', 2000, ['set', key, text, 'ex', '2']],
    ['psetex', 1500, ['psetex', key, '1500', text]],
    ['setex', 3000, ['setex', key, '3', text]],
    ['getex EX', 4000, ['getex', key, 'EX', '4']],
    ['pexpire', 1200, ['pexpire', key, '1200']],
    ['expire', 5000, ['expire', key, '5']],
  ])('understands the lease in %s', async (_, leaseMs, [name, ...args]) => {
    const { seen } = await watch();

    await server.client.call(name!, ...args);
    const [fact] = await seen(1);

    expect(fact).toMatchObject({ expiresAt: fact!.at + leaseMs });
  });

  it.each([
    ['set PXAT', 4e12, ['set', key, text, 'PXAT', '4000000000000']],
    ['set EXAT', 4e12, ['set', key, text, 'EXAT', '4000000000']],
    ['pexpireat', 4e12, ['pexpireat', key, '4000000000000']],
    ['expireat', 4e12, ['expireat', key, '4000000000']],
    ['persist', null, ['persist', key]],
    ['getex PERSIST', null, ['getex', key, 'PERSIST']],
    ['set', null, ['set', key, text]],
  ])('understands the end in %s', async (_, expiresAt, [name, ...args]) => {
    const { seen } = await watch();

    await server.client.call(name!, ...args);

    expect(await seen(1)).toMatchObject([{ expiresAt }]);
  });

  it('tells who asked for a deletion inside a script', async () => {
    const { client } = server;
    const { seen } = await watch();
    const script = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('DEL', KEYS[1])";

    await client.eval(script, 1, key, text);
    await client.eval(script, 1, key, text.replace(/,"t":.*/, ',"t":'), text.replace('"x"', '"y"'));
    await client.call('unlink', key, 'test:device:{door}');
    const deletions = (await seen(6)).filter(({ type }) => type === 'redis.deleted');

    expect(deletions).toEqual([
      { ...base, type: 'redis.deleted', by: { traceId: 'x', podId: 'a' } },
      { ...base, type: 'redis.deleted', by: { podId: 'a' } },
      { ...base, type: 'redis.deleted', by: { podId: 'a' } },
      { ...base, type: 'redis.deleted', by: { podId: 'a' }, deviceId: 'door' },
    ]);
  });

  it('does not tell what Redis has refused', async () => {
    const { client } = server;
    const { seen } = await watch();

    await expect(client.call('set', key, text, 'PX', 'soon')).rejects.toThrow('not an integer');
    await client.config('SET', 'maxmemory', '1');
    await expect(client.set(key, text)).rejects.toThrow('OOM');
    await expect(client.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, key, text)).rejects.toThrow('OOM');
    await client.config('SET', 'maxmemory', '0');
    await client.flushdb();

    expect(await seen(1)).toEqual([{ type: 'redis.emptied', at: expect.any(Number), node: 'one' }]);
  });

  it('begins with a snapshot of what is there', async () => {
    const { client } = server;
    await client.set(key, text, 'PX', 5000);
    await client.set('test:device:{door}', text);
    await client.set('test:device:{gate}', 'no entry');

    const { facts } = await watch();

    const [{ at }] = facts as [RedisFact];
    expect(facts).toMatchObject([{ type: 'redis.snapshot', node: 'one' }]);
    const { entries } = facts[0] as Extract<RedisFact, { type: 'redis.snapshot' }>;
    expect(new Map(entries.map((each) => [each.deviceId, each]))).toEqual(
      new Map([
        ['lamp:1', { deviceId: 'lamp:1', entry, expiresAt: expect.any(Number) }],
        ['door', { deviceId: 'door', entry, expiresAt: null }],
      ]),
    );
    const { expiresAt } = entries.find(({ deviceId }) => deviceId === 'lamp:1')!;
    expect(expiresAt! - at).toBeGreaterThan(4000);
    expect(expiresAt! - at).toBeLessThanOrEqual(5000);
    await client.flushall();
  });

  it('tells what a replica repeats, an expiry included', async () => {
    const replica = await startRedis(['--replicaof', `127.0.0.1 ${server.port}`]);
    onTestFinished(() => replica.stop());
    await until(async () => (await replica.client.info('replication')).includes('master_link_status:up'));
    const { seen } = await watch(replica.port, [`127.0.0.1:${server.port}`]);

    const before = Date.now();
    await server.client.set(key, text, 'PX', 60);
    await until(async () => (await server.client.exists(key)) === 0);
    const facts = await seen(2);

    expect(facts).toEqual([
      { ...base, type: 'redis.set', entry, expiresAt: expect.any(Number), replicated: true },
      { ...base, type: 'redis.deleted', by: {}, replicated: true },
    ]);
    const [written] = facts as [Extract<RedisFact, { type: 'redis.set' }>];
    expect(Math.abs(written.expiresAt! - before - 60)).toBeLessThan(500); // the lease of the primary
  });

  it('tells of an entry that moves to another node of a Cluster, on its replica too', async () => {
    const cluster = await startCluster();
    onTestFinished(() => cluster.stop());
    const source = await cluster.masterOf(key);
    await source.client.set(key, text, 'PX', 5000);
    const facts: RedisFact[] = [];
    const peers = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
    for (const { port } of cluster.nodes) {
      const options = {
        node: `redis-${port}`,
        prefix: 'test',
        port,
        peers,
        record: (fact: RedisFact) => facts.push(fact),
      };
      const watching = await watchRedis(options);
      onTestFinished(() => watching.stop());
    }
    const held = facts.filter((fact) => fact.type === 'redis.snapshot' && fact.entries.length > 0);

    const target = await cluster.migrateSlot(key);
    const moved = await until(() => {
      const moves = facts.filter((fact) => fact.type === 'redis.moved');
      return moves.length === 2 && moves.toSorted((a, b) => a.at - b.at);
    });

    expect(held).toHaveLength(2); // the master and its replica
    expect(moved).toMatchObject([{ node: `redis-${target.port}`, replicated: false }, { replicated: true }]);
    for (const { expiresAt, at } of moved) expect(expiresAt! - at).toBeGreaterThan(3000);
    for (const { expiresAt, at } of moved) expect(expiresAt! - at).toBeLessThan(5100);
  });

  it('leaves no connection behind when the node cannot tell what it holds', async () => {
    const short = await startRedis();
    onTestFinished(() => short.stop());
    await short.client.acl('SETUSER', 'default', '-eval');

    await expect(watch(short.port)).rejects.toThrow('NOPERM');

    await until(async () => !String(await short.client.client('LIST')).includes('cmd=monitor'));
  });

  it('ends with the node, and when it is told to', async () => {
    const short = await startRedis();
    const { watching } = await watch(short.port);
    const other = await watch();

    await short.stop();
    other.watching.stop();

    await expect(watching.ended).resolves.toBeUndefined();
    await expect(other.watching.ended).resolves.toBeUndefined();
  });

  it('fails when an entry is written in a way it cannot follow', async () => {
    const { watching } = await watch();

    await server.client.append(key, 'x');

    await expect(watching.ended).rejects.toThrow('cannot follow what this does to an entry');
    await server.client.flushall();
  });

  it('follows a pod', async () => {
    const fleet = await startFleet(1, { LEASE_TTL_MS: '900' });
    const [pod] = fleet.pods as [(typeof fleet.pods)[0]];
    const facts: RedisFact[] = [];
    const record = (fact: RedisFact) => facts.push(fact);
    const watching = await watchRedis({ node: 'one', prefix: 'ws-connect', port: fleet.redis.port, record });
    const told = (type: RedisFact['type']) => until(() => facts.find((fact) => fact.type === type));

    const device = await Device.connect(pod.device, 'lamp:1');
    await fleet.registered('lamp:1', pod);
    const stored = (await fleet.entry('lamp:1'))!;
    await told('redis.prolonged');
    await device.close();
    await told('redis.deleted');
    watching.stop();

    const { podId, traceId } = stored;
    expect(facts.find(({ type }) => type === 'redis.set')).toMatchObject({ ...base, entry: stored });
    expect(facts.find(({ type }) => type === 'redis.deleted')).toEqual({
      ...base,
      type: 'redis.deleted',
      by: { traceId, podId },
    });
  });
});
