import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startProcess } from '../support/process.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { createUser, serverRules } from '../support/redis-user.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { startSentinelProcess } from '../support/sentinel-process.ts';
import { until } from '../support/until.ts';

/** A Redis that cannot be used as it is, by the URL of the pod. */
type Way = () => Promise<string>;

const password = 's3cret-passw0rd';

async function start(...args: string[]): Promise<RedisServer> {
  const server = await startRedis(args);
  onTestFinished(() => server.stop());
  return server;
}

async function userWithout(rule: string, also: string[] = []): Promise<string> {
  const { url, client } = await start();
  const rules = ['~ws-connect:*', ...serverRules.filter((one) => one !== rule), ...also];
  return createUser('gateway', rules, { url, clients: [client] });
}

/** The warnings of a pod about its Redis, as text. */
function warnings(lines: readonly Record<string, unknown>[]): string[] {
  return lines.filter((line) => Number(line['level']) >= 40).map((line) => JSON.stringify(line));
}

/** How often the pod has tried whether it can use its Redis. */
async function tries(admin: string): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  const counts = [...text.matchAll(/^ws_connect_registry_operations_total\{operation="check".*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

describe('a pod that cannot use its Redis is not ready, and its log says why once', () => {
  const ways: [string, Way, RegExp][] = [
    [
      'has no GETEX',
      async () => (await start('--rename-command', 'GETEX', '')).url,
      /refuses GETEX: ERR unknown command.*needs Redis 6\.2/,
    ],
    [
      'has no EVALSHA',
      async () => (await start('--rename-command', 'EVALSHA', '')).url,
      /refuses EVALSHA: ERR unknown/,
    ],
    [
      'has no SMEMBERS',
      async () => (await start('--rename-command', 'SMEMBERS', '')).url,
      /refuses SMEMBERS: ERR unknown/,
    ],
    ['allows no EVAL', () => userWithout('+eval'), /refuses EVAL: NOPERM.*lacks a right/],
    ['allows no TIME', () => userWithout('+time'), /refuses EVAL(SHA)?: .*lacks a right/],
    ['allows no GETEX', () => userWithout('+getex'), /refuses GETEX: NOPERM/],
    ['allows no SADD', () => userWithout('+sadd'), /refuses SADD: NOPERM/],
    ['allows no SREM', () => userWithout('+srem'), /refuses SREM: NOPERM/],
    ['allows none of the keys', () => userWithout('', ['resetkeys', '~other:*']), /NOPERM.*lacks a right/],
    [
      'is a node of a Cluster',
      async () => (await cluster.replicaOf(await cluster.masterOf('key'))).url,
      /refuses \w+: MOVED .*Use redis\+cluster/,
    ],
    [
      'wants a password',
      async () => (await start('--requirepass', password)).url,
      /NOAUTH.*check the user and the password/,
    ],
    [
      'wants another password',
      async () => (await start('--requirepass', 'another')).url.replace('://', `://:${password}@`),
      /WRONGPASS.*check the user and the password/,
    ],
    [
      'knows no passwords',
      async () => {
        const { url } = await start('--rename-command', 'HELLO', '', '--rename-command', 'AUTH', '');
        return url.replace('://', `://gateway:${password}@`);
      },
      /unknown command 'auth'/,
    ],
    [
      'is a replica',
      async () => (await start('--replicaof', '127.0.0.1', String((await start()).port))).url,
      /READONLY.*this server is a replica/,
    ],
    [
      'has too few replicas',
      async () => (await start('--min-replicas-to-write', '1')).url,
      /NOREPLICAS.*refuses all writes/,
    ],
    [
      'is no Cluster',
      async () => (await start()).url.replace('redis:', 'redis+cluster:'),
      /cluster support disabled.*another kind of server/,
    ],
    [
      'is no Sentinel',
      async () => `${(await start()).url.replace('redis:', 'redis+sentinel:')}/main`,
      /unknown command 'sentinel'.*another kind of server/i,
    ],
    [
      'is a Sentinel that knows no such master',
      async () => {
        const sentinel = await startSentinelProcess();
        onTestFinished(() => sentinel.stop());
        return `${sentinel.url.replace('redis:', 'redis+sentinel:')}/nobody`;
      },
      /No such master.*do not know the master/,
    ],
    [
      'is a Sentinel itself',
      async () => {
        const sentinel = await startSentinelProcess();
        onTestFinished(() => sentinel.stop());
        return sentinel.url;
      },
      /refuses GET: ERR unknown command.*another kind of server/,
    ],
  ];

  it.each(ways)('when it %s', async (_, way, reason) => {
    const { admin, logs } = await runPod({ REDIS_URL: await way() });

    await until(() => warnings(logs).some((line) => reason.test(line)));
    const before = await tries(admin);
    await until(async () => (await tries(admin)) >= before + 3);
    const { status } = await fetch(`${admin}/readyz`);

    expect(status).toBe(503);
    expect(warnings(logs).filter((line) => reason.test(line))).toHaveLength(1);
    expect(JSON.stringify(logs)).not.toContain(password);
  });
});

it.each([
  ['INFO and CONFIG are disabled', ['--rename-command', 'INFO', '', '--rename-command', 'CONFIG', '']],
  ['the handshake is that of old versions', ['--rename-command', 'HELLO', '']],
])('a pod whose Redis is all right is ready although %s', async (_, args) => {
  const { url } = await start(...args);

  const pod = startProcess({ REDIS_URL: url });
  const { admin } = await pod.ready();

  expect((await fetch(`${admin}/readyz`)).status).toBe(200);
  expect(warnings(pod.log.lines).filter((line) => /redis/i.test(line))).toEqual([]);
});

it('a pod becomes ready once its Redis has what it needs, and leaves nothing behind but its record', async () => {
  const { url, client } = await start();
  const env = {
    REDIS_URL: await createUser('gateway', ['~ws-connect:*', ...serverRules, '-getex'], { url, clients: [client] }),
  };
  const pod = startProcess({ ...env, POD_UID: 'pod-1' });
  await pod.listening();
  await until(() => warnings(pod.log.lines).some((line) => line.includes('refuses GETEX')));

  await client.acl('SETUSER', 'gateway', '+getex');
  await pod.ready();

  await until(async () => !(await client.keys('ws-connect:check:*')).length);
  expect((await client.keys('*')).sort()).toEqual(['ws-connect:pod:pod-1', 'ws-connect:pods']);
});
