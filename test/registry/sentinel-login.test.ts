import { expect, it, onTestFinished } from 'vitest';
import { startProcess } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';
import { startSentinelProcess } from '../support/sentinel-process.ts';
import { until } from '../support/until.ts';

const password = 's3cret-of-the-sentinel';
const user = ['~*', '&*', '+@all'];

/** A Sentinel that asks everybody for this login, and the Redis it watches. */
async function startSecureSentinel(name: string) {
  const [sentinel, server] = await Promise.all([startSentinelProcess(), startRedis()]);
  onTestFinished(() => Promise.all([sentinel.stop(), server.stop()]).then(() => {}));
  const { client } = sentinel;
  await client.call('SENTINEL', 'MONITOR', 'main', '127.0.0.1', server.port, 1);
  await client.acl('SETUSER', name, 'on', `>${password}`, ...user);
  if (name === 'default') await client.acl('SETUSER', name, 'resetpass', `>${password}`);
  else await client.acl('SETUSER', 'default', 'off');
  return { url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`, server };
}

it.each([
  ['a password', 'default', {}],
  ['a user and a password', 'gateway', { REDIS_SENTINEL_USERNAME: 'gateway' }],
])('a pod finds the master by a Sentinel that asks for %s', async (_, name, env) => {
  const { url, server } = await startSecureSentinel(name);

  const pod = startProcess({ REDIS_URL: url, ...env, REDIS_SENTINEL_PASSWORD: password });
  const { podId } = await pod.ready();

  expect(await server.client.exists(`ws-connect:pod:${podId}`)).toBe(1);
  expect(pod.child.lines.join('\n')).not.toContain(password);
});

it.each([
  ['another password', { REDIS_SENTINEL_PASSWORD: 'a-wrong-s3cret' }, 'WRONGPASS'],
  ['none', {}, 'NOAUTH'],
])('a pod with %s is not ready, and says that the Sentinel refuses it', async (_, env, reason) => {
  const { url } = await startSecureSentinel('default');

  const pod = startProcess({ REDIS_URL: url, ...env });
  const { admin } = await pod.listening();
  const line = await until(() =>
    pod.log.all('the connection to Redis failed').find((one) => JSON.stringify(one).includes(reason)),
  );

  expect((await fetch(`${admin}/readyz`)).status).toBe(503);
  expect(line).toMatchObject({ level: 40, help: 'check the user and the password' });
  expect(JSON.stringify(line)).toContain('sentinel 127.0.0.1:');
  expect([...pod.child.lines, pod.child.stderr].join('\n')).not.toContain('a-wrong-s3cret');
});
