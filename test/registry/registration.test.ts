import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { podRecord } from '../support/pod-record.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { RunningRegistration, runRegistration } from '../support/registration.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

const podKey = 'test:pod:pod-1';

describe('without a Redis', () => {
  it('the registry is reached at once, and keeps the leases', async () => {
    const running = runRegistration();
    await until(() => running.reached);
    const leases = running.hold(3);

    const outcomes = await Promise.all(leases.map((lease) => lease.refresh()));

    expect(outcomes).toEqual(['registered', 'registered', 'registered']);
    expect(await running.isAllWell()).toBe(true);
  });

  it('nothing is up before it is started', () => {
    const running = new RunningRegistration({});

    expect(running.registration.isUp()).toBe(false);
    expect(running.reached).toBe(0);
  });
});

describe('with a Redis', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let env: { REDIS_URL: string };

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    await server.client.flushall();
    proxy = await startTcpProxy(server);
    onTestFinished(() => proxy.close());
    env = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
  });
  afterAll(() => server.stop());

  async function startedWith(count: number): Promise<RunningRegistration> {
    const running = runRegistration(env);
    await until(() => running.registration.isUp());
    await Promise.all(running.hold(count).map((lease) => lease.refresh()));
    await until(() => running.isAllWell());
    return running;
  }

  it('the record of the pod is written at once, and deleted at the end', async () => {
    const running = await startedWith(2);
    running.registration.announce(podRecord({ state: 'draining', connections: 2 }));
    await until(async () => (await server.client.get(podKey))?.includes('"connections":2'));
    const record: unknown = JSON.parse((await server.client.get(podKey)) ?? '');

    await running.registration.stop();

    expect(record).toEqual(podRecord({ state: 'draining', connections: 2 }));
    expect(await server.client.exists(podKey)).toBe(0);
  });

  it('that is not there at the start is reached as soon as it is, and everything is made up for', async () => {
    proxy.cut();
    const running = runRegistration(env);
    const outcomes = await Promise.all(running.hold(50).map((lease) => lease.refresh()));
    const before = [running.registration.isUp(), running.reached, running.registration.dirty().count];

    proxy.heal();

    await until(() => running.isAllWell());
    expect(outcomes).toEqual(outcomes.map(() => 'failed'));
    expect(before).toEqual([false, 0, 50]);
  });

  it.each(['cut', 'blackhole'] as const)('that is away for a while, %s, gets what it missed', async (fault) => {
    const running = await startedWith(20);

    if (fault === 'cut') proxy.cut();
    else proxy.blackhole('both');
    for (const lease of running.leases) lease.lease.refresh();
    await running.away();
    const late = running.hold(20, 'late');
    const outcomes = await Promise.all(late.map((lease) => lease.refresh()));
    await server.client.flushall();
    proxy.heal();

    await until(() => running.isAllWell());
    expect(outcomes).toEqual(outcomes.map(() => 'failed'));
    expect(running.reached).toBeGreaterThan(1);
  });

  it('that was restarted empty in a moment is filled again', async () => {
    const running = await startedWith(20);

    await server.client.flushall();
    await server.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    await until(async () => (await server.client.keys('test:device:*')).length === 20);
    await until(() => running.isAllWell());
    expect(running.reached).toBeGreaterThan(1);
  });

  it('what is looked up while it is away is answered with a RegistryUnavailable at once', async () => {
    const running = await startedWith(1);
    proxy.cut();
    await until(() => !running.registration.isUp());

    const replies = await running.registration.registry.lookup(['device-0']);

    expect(replies).toEqual([expect.any(RegistryUnavailable)]);
  });

  it('the end makes up for what is owed', async () => {
    const running = await startedWith(3);
    await server.client.flushall();
    running.registration.verifyAll();
    const owed = running.registration.dirty().count;

    await running.registration.stop();

    expect(owed).toBe(3);
    expect(await server.client.keys('test:device:*')).toHaveLength(3);
  });

  it.each(['up', 'down'] as const)(
    'that does not answer any more does not hold up the end for long; the link is %s',
    async (state) => {
      const running = await startedWith(3);
      proxy.blackhole('both');
      if (state === 'down') await running.away();
      for (const lease of running.leases) lease.lease.release();
      const startedAt = performance.now();

      await running.registration.stop();
      await running.registration.close();

      expect(performance.now() - startedAt).toBeLessThan(4000);
    },
  );

  it('nothing is sent after the end', async () => {
    const running = await startedWith(1);
    await running.registration.stop();
    await running.registration.close();

    const replies = await running.registration.registry.register([claim()]);

    expect(replies).toEqual([expect.any(RegistryUnavailable)]);
    await until(() => proxy.connections === 0);
  });
});
