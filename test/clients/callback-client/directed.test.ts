import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisReader } from '@ws-connect/callback-client';
import { ask, metric } from '../../support/ask.ts';
import { runClient } from '../../support/callback-clients.ts';
import type { Device } from '../../support/device.ts';
import { runRegistered, runTwoPods } from '../../support/owners.ts';
import type { RedisServer } from '../../support/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { runDevice } from '../../support/running.ts';
import { until } from '../../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Two pods and a client that looks devices up, with its lookups written down. */
async function runPodsAndClient({ cacheMs = 60_000, env = {}, headers = {}, token }: Setup = {}) {
  const pods = await runTwoPods(redis, env, undefined, headers);
  const lookups: string[] = [];
  const reader: RedisReader = {
    get(key) {
      lookups.push(key);
      return redis.client.get(key);
    },
  };
  const client = runClient({ redis: reader, prefix: pods.prefix, cacheMs, ...(token && { token }) });
  return { ...pods, client, lookups };
}

interface Setup {
  cacheMs?: number;
  env?: Record<string, string>;
  headers?: Record<string, string>;
  token?: string | (() => string);
}

async function texts(device: Device, count: number): Promise<string[]> {
  return (await device.received(count)).map(({ data }) => data.toString());
}

describe('a service that looks devices up', () => {
  it('reaches one, and is told which connection it was', async () => {
    const { far, client } = await runPodsAndClient();
    const device = await runRegistered(far, 'lamp-1');
    const { json } = await ask(far.callback, '/connections/lamp-1');
    const { traceId, podId } = json as { traceId: string; podId: string };

    const result = await client.send('lamp-1', { on: true });

    expect(result).toEqual({ deviceId: 'lamp-1', id: undefined, attempts: 1, outcome: 'delivered', traceId, podId });
    expect(await device.received(1)).toEqual([{ data: Buffer.from('{"on":true}'), binary: false }]);
  });

  it('sends bytes as they are', async () => {
    const { far, client } = await runPodsAndClient();
    const device = await runRegistered(far, 'lamp-1');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

    await client.send('lamp-1', bytes);

    expect(await device.received(1)).toEqual([{ data: bytes, binary: true }]);
  });

  it('is told at once that a device is offline', async () => {
    const { client } = await runPodsAndClient();

    const result = await client.send('nobody', 'hello');

    expect(result).toEqual({ deviceId: 'nobody', id: undefined, attempts: 0, outcome: 'offline' });
  });

  it('asks the pod that has it, and Redis once within the time an owner is remembered', async () => {
    const { far, client, lookups, prefix } = await runPodsAndClient();
    const device = await runRegistered(far, 'lamp-1');

    for (const text of ['1', '2', '3']) await client.send('lamp-1', text);

    expect(lookups).toEqual([`${prefix}:device:{lamp-1}`]);
    expect(await texts(device, 3)).toEqual(['1', '2', '3']);
  });

  it('asks Redis every time when it is to remember nothing', async () => {
    const { far, client, lookups } = await runPodsAndClient({ cacheMs: 0 });
    await runRegistered(far, 'lamp-1');

    for (const text of ['1', '2', '3']) await client.send('lamp-1', text);

    expect(lookups).toHaveLength(3);
  });

  it('does not remember that a device was offline', async () => {
    const { far, client } = await runPodsAndClient();
    const before = await client.send('lamp-1', 'early');
    await runRegistered(far, 'lamp-1');

    const after = await client.send('lamp-1', 'late');

    expect([before.outcome, after.outcome]).toEqual(['offline', 'delivered']);
  });

  it('reaches a device that has moved since it was looked up, and goes to the new pod from then on', async () => {
    const { near, far, client, lookups } = await runPodsAndClient();
    const old = await runRegistered(far, 'lamp-1');
    await client.send('lamp-1', 'there');
    const moved = await runRegistered(near, 'lamp-1');
    await old.closed; // until then the old pod may well deliver to it

    const results = [await client.send('lamp-1', 'here'), await client.send('lamp-1', 'here again')];

    expect(results).toMatchObject([
      { outcome: 'delivered', attempts: 1 }, // the old pod has forwarded it, and said where to go
      { outcome: 'delivered', attempts: 1 },
    ]);
    expect(await texts(moved, 2)).toEqual(['here', 'here again']);
    expect(lookups).toHaveLength(1);
    expect(await metric(far.admin, 'ws_connect_callbacks_total{outcome="forwarded"}')).toBe(1);
  });

  it('finds out that a device it remembers is offline', async () => {
    const { far, client, entryOf } = await runPodsAndClient();
    const device = await runRegistered(far, 'lamp-1');
    await client.send('lamp-1', 'x');
    await device.close();
    await until(async () => !(await entryOf('lamp-1')));

    const result = await client.send('lamp-1', 'y');

    expect(result).toMatchObject({ outcome: 'offline', attempts: 1 });
  });

  it('waits for an offline device that may come back, when it is told to', async () => {
    const { far, client } = await runPodsAndClient();

    const sending = client.send('lamp-1', 'welcome back', { reconnectWaitMs: 10_000 });
    const device = await runDevice(far, 'lamp-1');

    expect(await sending).toMatchObject({ outcome: 'delivered' });
    expect(await texts(device, 1)).toEqual(['welcome back']);
  });

  it('gives an offline device no more time than that', async () => {
    const { client, lookups } = await runPodsAndClient();

    const result = await client.send('nobody', 'x', { reconnectWaitMs: 1100, deadlineMs: 86_400_000 });

    expect(result.outcome).toBe('offline');
    expect(lookups.length).toBeGreaterThan(1);
  });

  it('means one connection only when it says so', async () => {
    const { far, client } = await runPodsAndClient();
    const device = await runRegistered(far, 'lamp-1');
    const first = await client.send('lamp-1', 'any');
    const traceId = first.outcome === 'delivered' ? first.traceId : '';

    const results = [
      await client.send('lamp-1', 'another', { ifMatch: '0'.repeat(32) }),
      await client.send('lamp-1', 'this', { ifMatch: traceId }),
    ];

    expect(results).toMatchObject([
      { outcome: 'refused', status: 412, code: 'other-connection', attempts: 1 },
      { outcome: 'delivered' },
    ]);
    expect(await texts(device, 2)).toEqual(['any', 'this']);
  });

  it('is told what was wrong with a message', async () => {
    const { far, client } = await runPodsAndClient();
    await runRegistered(far, 'lamp-1');

    const result = await client.send('lamp-1', Buffer.from([0xff]), { contentType: 'text/plain' });

    expect(result).toMatchObject({ outcome: 'refused', status: 400, code: 'invalid-text' });
    expect(result).toHaveProperty('detail', 'a text body must be valid UTF-8');
  });

  it('follows no entry to an address that is no pod', async () => {
    const { client, own } = await runPodsAndClient();
    await own('lamp-1', { serverIp: '93.184.216.34', port: 80 });
    await own('lamp-2', { serverIp: 'localhost', port: 80 });
    await own('lamp-3', { serverIp: '127.0.0.2', port: 70_000 });

    const results = await Promise.all(['lamp-1', 'lamp-2', 'lamp-3'].map((deviceId) => client.send(deviceId, 'x')));

    for (const result of results) {
      expect(result).toMatchObject({ outcome: 'unavailable', code: 'foreign-address', attempts: 0 });
    }
  });

  it('takes what is no entry for none', async () => {
    const { client, putEntry } = await runPodsAndClient();
    await putEntry('lamp-1', '{"serverIp":"127.0.0.2"}');

    const result = await client.send('lamp-1', 'x');

    expect(result.outcome).toBe('offline');
  });
});

describe('where pods want a token', () => {
  const tokens = { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: 'first-token-of-two,second-token-of-two' };
  const headers = { Authorization: 'Bearer first-token-of-two' };

  it('a service shows the one of the moment', async () => {
    let token = 'first-token-of-two';
    const setup = { env: tokens, headers, token: () => token };
    const { far, client } = await runPodsAndClient(setup);
    const device = await runRegistered(far, 'lamp-1', headers);

    const before = await client.send('lamp-1', '1');
    token = 'second-token-of-two';
    const after = await client.send('lamp-1', '2');
    token = 'third-token-of-two';
    const wrong = await client.send('lamp-1', '3', { deadlineMs: 500 });

    expect([before.outcome, after.outcome]).toEqual(['delivered', 'delivered']);
    expect(wrong).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable' });
    expect(await texts(device, 2)).toEqual(['1', '2']);
  });

  it('a service without one cannot tell the pod from another program that refuses it', async () => {
    const { far, client } = await runPodsAndClient({ env: tokens, headers });
    await runRegistered(far, 'lamp-1', headers);

    const result = await client.send('lamp-1', 'x', { deadlineMs: 500 });

    expect(result).toMatchObject({ outcome: 'unavailable', code: 'owner-unreachable' });
  });

  it('a service hears what its token function threw', async () => {
    const { far, client } = await runPodsAndClient({
      env: tokens,
      headers,
      token: () => {
        throw new Error('no secret mounted');
      },
    });
    await runRegistered(far, 'lamp-1', headers);

    await expect(client.send('lamp-1', 'x')).rejects.toThrow('no secret mounted');
  });
});
