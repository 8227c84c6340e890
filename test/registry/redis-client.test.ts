import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisConnection } from '../../src/registry/redis-client.ts';
import { connectRedis } from '../../src/registry/redis-client.ts';
import { parseRedisUrl } from '../../src/config/redis-url.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

let server: RedisServer;
let connection: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

beforeEach(async () => {
  const events = { connected: () => {}, lost: () => {}, error: () => {} };
  connection = connectRedis(parseRedisUrl(server.url)!, events);
  await once(connection.client, 'ready');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  connection.close();
});

describe('a client that has ended for good', () => {
  it('is connected again', async () => {
    const { client } = connection;
    client.disconnect(); // what ioredis does by itself when it hears of a failover while it connects
    await once(client, 'end');

    vi.runOnlyPendingTimers();
    await once(client, 'ready');

    expect(await client.ping()).toBe('PONG');
  });

  it('is not connected again when it was closed', async () => {
    const { client } = connection;
    connection.close();
    await once(client, 'end');

    vi.runOnlyPendingTimers();

    expect(client.status).toBe('end');
  });

  it('is not connected again when it is closed before its turn', async () => {
    const { client } = connection;
    client.disconnect();
    await once(client, 'end');

    connection.close();
    vi.runOnlyPendingTimers();

    expect(client.status).toBe('end');
  });
});
