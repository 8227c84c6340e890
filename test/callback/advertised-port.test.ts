import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ask, metrics, push } from '../support/ask.ts';
import { freePort } from '../support/free-port.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const token = 'a-token-of-the-fleet';
const headers = { Authorization: `Bearer ${token}` };
const env = { CALLBACK_AUTH: 'bearer', CALLBACK_TOKENS: token };

/** The address that the mapped pod publishes. The pod itself listens elsewhere, as a container behind a port mapping does. */
const published = '127.0.0.6';

/** A pod that others reach only through another address and port, and a pod that is reached directly. */
async function runMappedPod() {
  const { near, prefix, own, entryOf } = await runTwoPods(redis, env, undefined, headers);
  const port = await freePort();
  const mapped = await runPod({
    ...env,
    REDIS_URL: redis.url,
    REDIS_PREFIX: prefix,
    HOST: '127.0.0.5',
    POD_IP: published,
    CALLBACK_ADVERTISED_PORT: String(port),
  });
  const mapping = await startTcpProxy({ host: '127.0.0.5', port: mapped.callbackPort }, { host: published, port });
  onTestFinished(() => mapping.close());
  await until(async () => (await ask(mapped.callback, '/connections/nobody', { headers })).status === 404);
  const recordOf = async (podId: string) => JSON.parse((await redis.client.get(`${prefix}:pod:${podId}`)) ?? '{}');
  return { near, mapped, mapping, address: `${published}:${port}`, port, own, entryOf, recordOf };
}

describe('a pod with CALLBACK_ADVERTISED_PORT', () => {
  it('publishes that port in its entries, in its pod record and in its answers', async () => {
    const { mapped, address, port, entryOf, recordOf } = await runMappedPod();
    await runRegistered(mapped, 'lamp-1', headers);

    const entry = JSON.parse((await entryOf('lamp-1')) ?? '{}');
    const record = await until(async () => {
      const found = await recordOf(mapped.podId);
      return found.port !== undefined && found;
    });
    const answer = await push(mapped.callback, 'lamp-1', 'x', headers);

    expect(entry).toMatchObject({ serverIp: published, port });
    expect(record).toMatchObject({ serverIp: published, port });
    expect(answer.headers['ws-connect-pod']).toBe(address);
  });

  it('gets callbacks that other pods forward, and proves that it is the pod they mean', async () => {
    const { near, mapped, address } = await runMappedPod();
    const device = await runRegistered(mapped, 'lamp-1', headers);

    const { status, headers: answered } = await push(near.callback, 'lamp-1', 'hello', headers);

    expect(status).toBe(200);
    expect(answered['ws-connect-pod']).toBe(address);
    expect(await device.received(1)).toMatchObject([{ data: Buffer.from('hello') }]);
  });

  it('knows an entry that names its address, although a former pod wrote it: 404, and it asks nobody', async () => {
    const { mapped, mapping, port, own } = await runMappedPod();
    await own('lamp-1', { serverIp: published, port, podId: 'a-former-one' });

    const { status, json } = await push(mapped.callback, 'lamp-1', 'x', headers);

    expect(status).toBe(404);
    expect(json).toMatchObject({ code: 'not-connected' });
    expect(mapping.connections).toBe(0);
  });

  it('is asked by the next pod of a device to close the old connection', async () => {
    const { near, mapped } = await runMappedPod();
    await runRegistered(mapped, 'lamp-1', headers);
    await runRegistered(near, 'lamp-1', headers);

    const counted = await until(async () => {
      const series = await metrics(near.admin, 'ws_connect_takeovers_total{');
      return Object.keys(series).length > 0 && series;
    });

    expect(counted).toEqual({ 'ws_connect_takeovers_total{result="closed"}': 1 });
  });
});
