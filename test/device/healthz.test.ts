import { describe, expect, it } from 'vitest';
import { ask, metrics } from '../support/ask.ts';
import { RawClient, handshake, requestHead } from '../support/raw-client.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice, runPod } from '../support/running.ts';
import { codeOf } from '../support/tokens.ts';
import { until } from '../support/until.ts';
import { documented, verify } from '../support/walk/documented.ts';

const path = '/healthz';
const endless = { IDLE_AFTER_MS: '60000' };

async function runReady(env: Record<string, string> = {}) {
  const pod = await runPod(env);
  await pod.logged('ready');
  return { ...pod, base: `http://${pod.device}` };
}

describe('/healthz on the device port', () => {
  it.each([
    ['GET', requestHead('GET', path)],
    ['GET with a query', requestHead('GET', `${path}?from=lb`)],
    ['GET of the whole address', requestHead('GET', `http://pod${path}`)],
    ['GET by HTTP/1.0 without a Host, as HAProxy asks', `GET ${path} HTTP/1.0\r\n\r\n`],
  ])('is 200 while devices are welcome: %s', async (_how, request) => {
    const pod = await runReady();
    const client = await RawClient.connect(pod.device);

    client.send(request);
    const { status, body, headers } = await client.answer();
    await client.ended;

    expect([status, body]).toEqual([200, '{"status":"ok"}']);
    expect(headers).toMatchObject({ 'content-type': 'application/json', connection: 'close' });
  });

  it('is 503 before the pod has reached its registry', async () => {
    const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });

    const answer = await ask(`http://${pod.device}`, path);

    expect(answer).toMatchObject({ status: 503, json: { code: 'not-ready' } });
  });

  it('stays 200 when the registry goes away, for it may be away for all pods', async () => {
    const redis = await startRedis();
    const pod = await runReady({ REDIS_URL: redis.url });

    await redis.stop();
    await until(async () => (await metrics(pod.admin, 'ws_connect_registry_up'))['ws_connect_registry_up'] === 0);

    expect((await ask(pod.base, path)).status).toBe(200);
  });

  it('is 503 from the start of a drain', async () => {
    const pod = await runReady(endless);
    await runDevice(pod);
    pod.pod.terminate();

    const { status, headers, json } = await ask(pod.base, path);

    expect([status, json]).toEqual([503, expect.objectContaining({ code: 'draining' })]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('has no other methods', async () => {
    const pod = await runReady();

    const { status, headers, json } = await ask(pod.base, path, { method: 'POST' });

    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
    expect(json).toMatchObject({ code: 'method-not-allowed' });
  });

  it('is no place to connect', async () => {
    const pod = await runReady();
    const client = await RawClient.connect(pod.device);

    client.send(handshake(`${path}?deviceId=lamp-1`));
    const answer = await client.answer();

    expect([answer.status, codeOf(answer)]).toEqual([404, 'no-such-route']);
  });

  it('counts as no connect, whatever it answers', async () => {
    const pod = await runReady(endless);
    await runDevice(pod);
    await ask(pod.base, path);
    await ask(pod.base, path, { method: 'POST' });
    pod.pod.terminate();
    await ask(pod.base, path, { method: 'HEAD' });

    const counts = await metrics(pod.admin, 'ws_connect_connects_total{');

    expect(counts).toEqual({ 'ws_connect_connects_total{result="accepted"}': 1 });
    expect(pod.logs.filter(({ msg }) => msg === 'connect refused')).toEqual([]);
  });
});

it('load balancers get every answer that is documented and no other', async () => {
  const cutOff = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
  const pod = await runReady(endless);
  await runDevice(pod);
  const produced = new Set<string>();
  const walk = async (base: string) => {
    for (const method of ['GET', 'HEAD']) {
      produced.add(verify('device', { method, path }, await ask(base, path, { method })));
    }
  };

  await walk(pod.base);
  await walk(`http://${cutOff.device}`);
  pod.pod.terminate();
  await walk(pod.base);

  expect([...produced].toSorted()).toEqual(documented('device').toSorted());
});
