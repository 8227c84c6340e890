import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRedis } from '../../src/registry/redis-client.ts';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { connectRedisRegistry, openRedisRegistry } from '../support/redis-registry.ts';
import type { RedisSentinel } from '../support/redis-sentinel.ts';
import { startSentinel } from '../support/redis-sentinel.ts';
import { clusterRules, createUser, refusals, serverRules } from '../support/redis-user.ts';
import type { RunningRegistration } from '../support/registration.ts';
import { runRegistration } from '../support/registration.ts';
import type { Finish } from '../support/running.ts';
import { until } from '../support/until.ts';

async function startedWith(url: string, count: number, finish: Finish): Promise<RunningRegistration> {
  const running = runRegistration({ REDIS_URL: url }, finish);
  await until(() => running.registration.isUp());
  for (const { lease } of running.hold(count)) lease.refresh();
  await until(() => running.isAllWell());
  return running;
}

/** Connections that come while the registry is in trouble. */
function comeLate(running: RunningRegistration): void {
  for (const { lease } of running.hold(20, 'late')) lease.refresh();
}

// side by side, for most of the time of either is spent waiting
describe.concurrent('under Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await startSentinel();
  });
  afterAll(() => sentinel.stop());

  /** The present master has the entries of all leases, and nothing is owed. */
  const isAllWellAtMaster = async (running: RunningRegistration) => {
    const { client } = await sentinel.master();
    const keys = await client.keys('test:device:*');
    return keys.length === running.leases.length && (await running.isAllWell());
  };

  /** The replica has all that the master has: what it has not when it takes over is lost. */
  const replicated = async () => {
    const { client } = await sentinel.master();
    await client.set('marker', '1');
    await client.wait(1, 0);
  };

  it.sequential('all leases are with the new master after a failover, what the old one took meanwhile included', async ({
    onTestFinished,
  }) => {
    const running = await startedWith(sentinel.url, 50, onTestFinished);

    await sentinel.failover();
    comeLate(running);
    await sentinel.settled();

    await until(() => isAllWellAtMaster(running));
    expect(running.registration.dirty()).toEqual({ count: 0, oldestMs: 0 });
    for (const { lease } of running.leases) lease.release();
    await until(async () => (await (await sentinel.master()).client.keys('test:device:*')).length === 0);
  });

  it.sequential('a user needs no more rights than those of the documentation', async ({ onTestFinished }) => {
    const clients = [(await sentinel.master()).client];
    const url = await createUser('gateway', serverRules, { url: sentinel.url, clients });
    const running = await startedWith(url, 20, onTestFinished);

    for (const { lease } of running.leases) lease.refresh();
    for (const { lease } of running.leases.splice(0, 10)) lease.release();
    await running.registration.stop();

    expect(await clients[0]!.keys('test:*')).toHaveLength(10);
    expect(await refusals(clients)).toEqual([]);
    await clients[0]!.flushall();
  });

  it.sequential('a client that hears of a failover while it connects comes back', async ({ onTestFinished }) => {
    const events = { connected: () => {}, lost: () => {}, error: () => {} };
    const { client, close } = connectRedis(parseRedisUrl(sentinel.url)!, events);
    onTestFinished(close);
    const { connector } = client as unknown as { connector: { disconnect(): void } };

    connector.disconnect(); // what the failover detector of ioredis does

    await until(() => client.status === 'ready');
    expect(await client.ping()).toBe('PONG');
  }, 5000);

  it.sequential('all leases are with the new master after the old one was killed, and those of who left are not', async ({
    onTestFinished,
  }) => {
    const running = await startedWith(sentinel.url, 50, onTestFinished);
    await replicated();

    const killed = await sentinel.killMaster();
    comeLate(running);
    for (const { lease } of running.leases.splice(0, 10)) lease.release();
    const master = await sentinel.newMaster(killed);

    await until(() => isAllWellAtMaster(running));
    expect(await master.client.keys('test:device:*')).toHaveLength(60);
  });
});

describe.concurrent('in a Cluster', () => {
  let cluster: RedisCluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  it.sequential('the first commands are all carried out, whatever node they go to', async ({ onTestFinished }) => {
    let isConnected = false;
    const events = { connected: () => (isConnected = true), lost: () => {}, error: () => {} };
    const registry = connectRedisRegistry(cluster.url, { events });
    onTestFinished(() => registry.close());
    await until(() => isConnected);

    const replies = await registry.register(
      Array.from({ length: 60 }, (_, index) => claim({ deviceId: `first-${index}` })),
    );

    expect(replies.filter((reply) => reply instanceof RegistryUnavailable).length).toBe(0);
  });

  it.sequential('a check finds what any one of the masters refuses', async ({ onTestFinished }) => {
    const registry = await openRedisRegistry(cluster.url);
    onTestFinished(() => registry.close());
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const all = new Set(await Promise.all(keys.map((key) => cluster.masterOf(key))));

    await registry.check();
    const outcomes = [];
    for (const { client } of all) {
      await client.acl('SETUSER', 'default', '-getex');
      outcomes.push(await registry.check().catch((error: RegistryUnavailable) => error));
      await client.acl('SETUSER', 'default', '+getex');
    }

    expect(all.size).toBe(3);
    expect(outcomes).toMatchObject(Array.from({ length: 3 }, () => ({ result: 'refused', operation: 'check' })));
  });

  it.sequential('all leases are registered after a failover', async ({ onTestFinished }) => {
    const running = await startedWith(cluster.url, 50, onTestFinished);

    await cluster.failover(await cluster.masterOf('test:device:{device-1}'));
    comeLate(running);

    await until(() => running.isAllWell());
    expect(running.registration.dirty()).toEqual({ count: 0, oldestMs: 0 });
  });

  it.sequential('all leases are registered while a slot moves to another node, and after that', async ({
    onTestFinished,
  }) => {
    const running = await startedWith(cluster.url, 50, onTestFinished);
    const [{ lease }] = running.leases as [(typeof running.leases)[number]];

    const target = await cluster.migrateSlot('test:device:{device-0}', async () => {
      comeLate(running);
      lease.refresh();
      await until(() => running.isAllWell());
    });
    lease.refresh();

    await until(() => running.isAllWell());
    expect(await target.client.exists('test:device:{device-0}')).toBe(1);
    lease.release();
    await until(async () => (await target.client.exists('test:device:{device-0}')) === 0);
  });

  it.sequential('a user needs no more rights than those of the documentation, also while a slot moves', async ({
    onTestFinished,
  }) => {
    const clients = cluster.nodes.map(({ client }) => client);
    const url = await createUser('gateway', clusterRules, { url: cluster.url, clients });
    const running = await startedWith(url, 20, onTestFinished);

    await cluster.migrateSlot('test:device:{device-2}', async () => {
      for (const { lease } of running.leases) lease.refresh();
      await until(() => running.isAllWell());
    });
    await until(() => running.isAllWell());
    for (const { lease } of running.leases) lease.release();
    await running.registration.stop();

    expect(await refusals(clients)).toEqual([]);
  });

  it.sequential('all leases are registered after a master was killed', async ({ onTestFinished }) => {
    const running = await startedWith(cluster.url, 50, onTestFinished);

    const taken = cluster.killMaster('test:device:{device-1}');
    comeLate(running);
    await taken;

    await until(async () => (await running.isAllWell()) && running.registration.dirty().count === 0);
    expect(running.leases).toHaveLength(70);
  });
});
