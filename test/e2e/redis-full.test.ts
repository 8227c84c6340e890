import { expect, it, onTestFinished } from 'vitest';
import { metric } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import { startProcess } from '../support/process.ts';
import { createUser, serverRules } from '../support/redis-user.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const unregistered = 'ws_connect_registry_unregistered_connections';
const keyOf = (deviceId: string) => `ws-connect:device:{${deviceId}}`;

async function start(...args: string[]): Promise<RedisServer> {
  const server = await startRedis(args);
  onTestFinished(() => server.stop());
  return server;
}

it('a Redis that is full closes the way for new entries alone: those that are there live on', async () => {
  const { url, client } = await start();
  const pod = startProcess({ REDIS_URL: url, LEASE_TTL_MS: '1500' });
  const { admin, device } = await pod.ready();
  await Device.connect(device, 'old');
  const leaver = await Device.connect(device, 'leaver');
  await until(async () => (await client.exists(keyOf('old'), keyOf('leaver'))) === 2);

  await client.config('SET', 'maxmemory', '1');
  const newcomers = await Promise.all([1, 2, 3, 4, 5].map((number) => Device.connect(device, `new-${number}`)));
  await until(async () => (await metric(admin, unregistered)) === 5);
  leaver.vanish();
  await until(async () => !(await client.exists(keyOf('leaver'))));
  // two leases later
  const refreshes = 'ws_connect_registry_operations_total{operation="refresh",result="ok"}';
  const before = await metric(admin, refreshes);
  await until(async () => (await metric(admin, refreshes)) >= before + 6);
  const during = [await metric(admin, 'ws_connect_registry_up'), await client.exists(keyOf('old'))];
  const says = () => pod.log.lines.filter(({ msg, level }) => msg.includes('OOM') && level === 40);
  const said = says();
  await client.config('SET', 'maxmemory', '0');
  await until(async () => (await client.keys(keyOf('new-*'))).length === 5);
  await until(async () => (await metric(admin, unregistered)) === 0);

  expect(during).toEqual([1, 1]);
  expect(said).toHaveLength(1);
  expect(said[0]!.msg).toContain('Redis is full');
  expect(newcomers.map(({ socket }) => socket.readyState)).toEqual([1, 1, 1, 1, 1]);
});

it('a pod that finds Redis full is not ready, and is once there is room', async () => {
  const { url, client } = await start('--maxmemory', '1');
  const pod = startProcess({ REDIS_URL: url });
  const { admin } = await pod.listening();

  await until(() => pod.log.lines.some(({ msg }) => msg.includes('Redis is full')));
  await until(async () => (await metric(admin, 'ws_connect_registry_up')) === 1);
  const { status } = await fetch(`${admin}/readyz`);
  await client.config('SET', 'maxmemory', '0');
  await pod.ready();

  expect(status).toBe(503);
  expect((await fetch(`${admin}/readyz`)).status).toBe(200);
});

it('a connection whose refresh is refused counts as unregistered, until it is carried out again', async () => {
  const { url, client } = await start();
  const rules = ['~ws-connect:*', ...serverRules];
  const user = await createUser('gateway', rules, { url, clients: [client] });
  const pod = startProcess({ REDIS_URL: user, LEASE_TTL_MS: '1500' });
  const { admin, device } = await pod.ready();
  const lamp = await Device.connect(device, 'lamp-1');
  await until(() => client.exists(keyOf('lamp-1')));

  await client.acl('SETUSER', 'gateway', '-getex');
  await until(async () => (await metric(admin, unregistered)) === 1);
  await client.acl('SETUSER', 'gateway', '+getex');
  await until(async () => (await metric(admin, unregistered)) === 0);

  await until(() => client.exists(keyOf('lamp-1')));
  expect(lamp.socket.readyState).toBe(lamp.socket.OPEN);
  expect(pod.log.lines.some(({ msg }) => /refuses GETEX: NOPERM/.test(msg))).toBe(true);
});

it.each([
  ['noeviction', '100mb', 0],
  ['volatile-lru', '100mb', 1],
  ['allkeys-lfu', '100mb', 1],
  ['volatile-lru', '0', 0],
])(
  'a Redis with maxmemory-policy %s and maxmemory %s: it is told when entries may be deleted',
  async (policy, memory, evicting) => {
    const { url } = await start('--maxmemory-policy', policy, '--maxmemory', memory);
    const pod = startProcess({ REDIS_URL: url });
    const { admin } = await pod.ready();

    const lines = pod.log.lines.filter(({ evictionPolicy, level }) => evictionPolicy === policy && level === 40);

    expect(await metric(admin, 'ws_connect_registry_evicting')).toBe(evicting);
    expect(lines).toHaveLength(evicting);
  },
);

it.each([
  ['INFO', 1],
  ['CONFIG', 1],
])('whether Redis evicts is also learned without %s', async (command, evicting) => {
  const { url } = await start(
    '--maxmemory-policy',
    'volatile-ttl',
    '--maxmemory',
    '100mb',
    '--rename-command',
    command,
    '',
  );
  const pod = startProcess({ REDIS_URL: url });
  const { admin } = await pod.ready();

  expect(await metric(admin, 'ws_connect_registry_evicting')).toBe(evicting);
});
