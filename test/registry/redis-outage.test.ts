import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisRegistry } from '../../src/registry/redis.ts';
import { RegistryUnavailable } from '../../src/registry/registry.ts';
import { claim } from '../support/claim.ts';
import { podRecord } from '../support/pod-record.ts';
import { answers, connectRedisRegistry, openRedisRegistry } from '../support/redis-registry.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import type { SingleRegistry } from '../support/singly.ts';
import { singly } from '../support/singly.ts';
import { until } from '../support/until.ts';

let server: RedisServer;
let batched: RedisRegistry;
let registry: SingleRegistry;

beforeEach(async () => {
  server = await startRedis();
  batched = await openRedisRegistry(server.url);
  registry = singly(batched);
});
afterEach(async () => {
  await batched.close();
  await server.stop();
});

describe('a Redis that is away', () => {
  it('makes every operation reject with RegistryUnavailable and its cause', async () => {
    await registry.register(claim());
    const entry = (await registry.lookup('device-1'))!;
    await server.stop();

    const failures = await Promise.all(
      [
        registry.register(claim()),
        registry.refresh('device-1'),
        registry.unregister('device-1', entry),
        registry.lookup('device-1'),
        batched.writePod('pod-1', podRecord()),
        batched.deletePod('pod-1'),
      ].map((operation) => operation.catch((error: unknown) => error)),
    );

    for (const failure of failures) {
      expect(failure).toBeInstanceOf(RegistryUnavailable);
      expect(failure).toMatchObject({ code: 'registry-unavailable', cause: expect.any(Error) });
    }
  });

  it('is found again by itself, and the first registration after the restart succeeds', async () => {
    await registry.register(claim());
    await server.stop();
    server = await startRedis(['--port', String(server.port)]);

    await until(() => answers(batched));

    expect(await registry.register(claim())).toMatchObject({ outcome: 'registered', previous: undefined });
  });

  it('makes an operation reject that is asked for before there is a connection', async () => {
    const early = connectRedisRegistry(server.url);

    await expect(singly(early).register(claim())).rejects.toThrow(RegistryUnavailable);

    await until(() => answers(early));
    expect(await singly(early).lookup('device-1')).toBeUndefined();
    await early.close();
  });

  it('is never sent a command again that it was given before it went away', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const registration = registry.register(claim()).catch((error: unknown) => error);
    await server.stop();
    server = await startRedis(['--port', String(server.port)]);

    await until(() => answers(batched));

    expect(await registration).toBeInstanceOf(RegistryUnavailable);
    expect(await registry.lookup('device-1')).toBeUndefined();
  });

  it('is reported as an error when there never was one, and the operations reject at once', async () => {
    const errors: Error[] = [];
    await server.stop();
    const events = { connected: () => {}, lost: () => {}, error: (error: Error) => void errors.push(error) };
    const lonely = connectRedisRegistry(server.url, { events });

    await expect(singly(lonely).lookup('device-1')).rejects.toThrow(RegistryUnavailable);

    await until(() => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
    await lonely.close();
  });

  it('is what a closed registry sees', async () => {
    await batched.close();

    await expect(registry.lookup('device-1')).rejects.toThrow(RegistryUnavailable);
  });
});

describe('a command without an answer', () => {
  const resultOf = async (command: Promise<unknown>) =>
    command.then(
      () => 'ok',
      (error: RegistryUnavailable) => error.result,
    );

  it('has failed when there is no connection to send it on', async () => {
    await server.stop();
    await until(async () => (await resultOf(registry.lookup('device-1'))) === 'failed');

    expect(await resultOf(registry.register(claim()))).toBe('failed');
    expect(await resultOf(batched.writePod('pod-1', podRecord()))).toBe('failed');
  });

  it('was refused when Redis answers that this one cannot be carried out', async () => {
    await server.client.lpush('test:device:{device-1}', 'no entry');

    expect(await resultOf(registry.lookup('device-1'))).toBe('refused');
  });

  it('has failed when Redis is a replica, and is taken again once it is a master', async () => {
    await server.client.replicaof('127.0.0.1', 1);
    const refused = await resultOf(batched.writePod('pod-1', podRecord()));

    await server.client.replicaof('NO', 'ONE');

    expect(refused).toBe('failed');
    await until(async () => (await resultOf(registry.register(claim()))) === 'ok');
  });

  it('has an unknown outcome when it was sent: it timed out, or the connection broke', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const timedOut = await resultOf(registry.register(claim()));
    const broken = resultOf(registry.register(claim()));

    await server.stop();

    expect([timedOut, await broken]).toEqual(['unknown', 'unknown']);
  });
});

describe('the connection to Redis', () => {
  it('is told of when it is there, lost, and there again', async () => {
    const told: string[] = [];
    const events = { connected: () => told.push('connected'), lost: () => told.push('lost'), error: () => {} };
    const other = await openRedisRegistry(server.url, { events });
    const first = [...told];

    await server.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

    await until(() => told.length >= 3);
    expect(first).toEqual(['connected']);
    expect(told.slice(0, 3)).toEqual(['connected', 'lost', 'connected']);
    await other.close();
  });
});

describe('a Redis that is paused', () => {
  it('fails a command after its time limit of 1 s, and serves again once it goes on', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const startedAt = performance.now();

    await expect(registry.lookup('device-1')).rejects.toThrow(RegistryUnavailable);

    const took = performance.now() - startedAt;
    expect(took > 900 && took < 2500).toBe(true);
    process.kill(server.pid, 'SIGCONT');
    await until(() => answers(batched));
  });

  it('fails a whole batch after the same 1 s', async () => {
    process.kill(server.pid, 'SIGSTOP');
    const startedAt = performance.now();

    const replies = await batched.lookup(['device-1', 'device-2', 'device-3']);

    const took = performance.now() - startedAt;
    expect(took > 900 && took < 2500).toBe(true);
    expect(replies).toEqual([1, 2, 3].map(() => expect.any(RegistryUnavailable)));
  });

  it('carries out a registration later that its caller saw time out', async () => {
    process.kill(server.pid, 'SIGSTOP');
    await expect(registry.register(claim())).rejects.toThrow(RegistryUnavailable);

    process.kill(server.pid, 'SIGCONT');

    expect(await until(() => registry.lookup('device-1'))).toMatchObject({ traceId: 'trace-1' });
  });
});
