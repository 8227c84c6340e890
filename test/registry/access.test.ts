import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Device } from '../support/device.ts';
import { startProcess } from '../support/process.ts';
import type { SecureRedis } from '../support/redis-secure.ts';
import { startSecureRedis } from '../support/redis-secure.ts';
import { createUser, refusals, serverRules } from '../support/redis-user.ts';
import { startRedis } from '../support/redis.ts';
import { RunningRegistration, runRegistration } from '../support/registration.ts';
import { until } from '../support/until.ts';

const ca = fileURLToPath(new URL('../support/redis-tls/ca.crt', import.meta.url));

describe('a pod and a Redis with TLS, a password and a user limited to the prefix', () => {
  let server: SecureRedis;

  beforeEach(async () => {
    server = await startSecureRedis(['~ws-connect:*', ...serverRules, '+exists']);
  });
  afterEach(() => server.stop());

  it('live a whole life together when the pod trusts the certificate', async () => {
    const pod = startProcess({ REDIS_URL: server.url, NODE_EXTRA_CA_CERTS: ca });
    const { podId, device } = await pod.ready();
    const lamp = await Device.connect(device, 'lamp-1');
    await until(() => server.client.exists('ws-connect:device:{lamp-1}'));
    const record = await server.client.get(`ws-connect:pod:${podId}`);

    lamp.vanish();
    await until(async () => (await server.client.exists('ws-connect:device:{lamp-1}')) === 0);
    pod.signal('SIGTERM');

    expect(await pod.exited).toMatchObject({ code: 0 });
    expect(record).toContain('"state":"serving"');
    expect(await server.client.exists(`ws-connect:pod:${podId}`)).toBe(0);
  });

  it('never meet when it does not, and the reason is in the log without the password', async () => {
    const pod = startProcess({ REDIS_URL: server.url });
    const { err } = await pod.logged('the connection to Redis failed');

    expect(err).toMatchObject({ message: expect.stringContaining('certificate') });
    expect(pod.log.all('ready')).toEqual([]);
    expect(JSON.stringify(pod.log.lines)).not.toContain('p@ss');
  });

  it('never meet with a wrong password, and the reason is in the log', async () => {
    const url = server.url.replace(/:[^:@/]+@/, ':guess@');

    const pod = startProcess({ REDIS_URL: url, NODE_EXTRA_CA_CERTS: ca });

    const { err } = await pod.logged('the connection to Redis failed');
    expect(err).toMatchObject({ message: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(pod.log.lines)).not.toContain('guess');
    expect(pod.log.all('ready')).toEqual([]);
  });
});

async function user(rules: string[]) {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const clients = [server.client];
  return { clients, REDIS_URL: await createUser('gateway', rules, { url: server.url, clients }) };
}

describe('a user of one Redis', () => {
  it('needs no more rights than those of the documentation', async () => {
    const { clients, ...env } = await user(serverRules);
    const running = runRegistration({ ...env, FLEET_CLOSES_PER_SECOND: '1000' });
    await until(() => running.registration.isUp());
    for (const { lease } of running.hold(20)) lease.refresh();
    await until(() => running.isAllWell());

    for (const { lease } of running.leases) lease.refresh();
    for (const { lease } of running.leases.splice(0, 10)) lease.release();
    const granted = await running.registration.grantCloses(7);
    const pods = await running.registration.registry.pods();
    await running.registration.stop();

    expect(granted).toBe(7);
    expect(pods).toHaveLength(1);
    expect(await clients[0]!.keys('test:device:*')).toHaveLength(10);
    expect(await refusals(clients)).toEqual([]);
  });

  it.each(serverRules)('needs %s', async (rule) => {
    const { clients, ...env } = await user(serverRules.filter((one) => one !== rule));
    const running = new RunningRegistration(env);
    running.registration.start();
    const [first] = running.hold(2);

    await until(async () => {
      for (const { lease } of running.leases) lease.refresh();
      if (first!.outcomes.includes('registered')) first!.lease.release();
      const { registry } = running.registration;
      await Promise.allSettled([registry.pods(), registry.deletePod('another')]);
      return (await refusals(clients)).length > 0;
    });

    expect(await refusals(clients)).toContain(rule.slice(1));
  });
});
