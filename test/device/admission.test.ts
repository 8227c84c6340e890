import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { handshake, RawClient } from '../support/raw-client.ts';
import { runDevice, runPod } from '../support/running.ts';
import { until } from '../support/until.ts';

async function knock(address: string, path = '/connect?deviceId=late') {
  const client = await RawClient.connect(address);
  client.send(handshake(path));
  const answer = await client.answer();
  client.socket.destroy();
  return answer;
}

describe('a full pod', () => {
  it('answers 503 and says when to try again', async () => {
    const pod = await runPod({ MAX_CONNECTIONS: '2' });
    await runDevice(pod, 'lamp-1');
    await runDevice(pod, 'lamp-2');

    const { status, headers, body } = await knock(pod.device);

    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ status: 503, code: 'full' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('says first what is wrong with the request', async () => {
    const pod = await runPod({ MAX_CONNECTIONS: '1' });
    await runDevice(pod, 'lamp-1');

    const { status } = await knock(pod.device, '/connect?deviceId=..');

    expect(status).toBe(400);
  });

  it('takes a device that it holds already: the new connection replaces the old one', async () => {
    const pod = await runPod({ MAX_CONNECTIONS: '1' });
    const first = await runDevice(pod, 'lamp-1');

    const { status } = await knock(pod.device, '/connect?deviceId=lamp-1');

    expect(status).toBe(101);
    expect(await first.closed).toMatchObject({ code: 4509 });
  });

  it('takes a device again once one has left', async () => {
    const pod = await runPod({ MAX_CONNECTIONS: '1' });
    const first = await runDevice(pod, 'lamp-1');
    await first.close();

    const status = await until(async () => {
      const answer = await knock(pod.device);
      return answer.status !== 503 && answer.status;
    });

    expect(status).toBe(101);
  });
});

describe('a pod with ACCEPTS_PER_SECOND', () => {
  it('accepts a second of them at once and answers the rest 503, with Retry-Afters that differ', async () => {
    const pod = await runPod({ ACCEPTS_PER_SECOND: '10' });

    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => knock(pod.device, `/connect?deviceId=lamp-${index}`)),
    );

    const refused = answers.filter(({ status }) => status === 503);
    const waits = refused.map(({ headers }) => Number(headers['retry-after']));
    expect(answers.filter(({ status }) => status === 101).length).toBeGreaterThanOrEqual(10);
    expect(refused.length).toBeGreaterThanOrEqual(50);
    expect(new Set(refused.map(({ body }) => (JSON.parse(body) as { code: string }).code))).toEqual(
      new Set(['too-fast']),
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  it('accepts more as time goes by', async () => {
    const pod = await runPod({ ACCEPTS_PER_SECOND: '2' });

    const accepted = new Set<number>();
    await until(async () => {
      if ((await knock(pod.device)).status === 101) accepted.add(accepted.size);
      return accepted.size === 4;
    });

    expect(pod.logs.filter(({ code }) => code === 'too-fast').length).toBeGreaterThan(0);
  });
});

describe('a draining pod', () => {
  it('keeps the listener open and answers 503 and says when to try again', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '60000' });
    await runDevice(pod, 'lamp-1');
    pod.pod.terminate();
    await pod.logged('drain began');

    const { status, headers, body } = await knock(pod.device);

    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'draining' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('lets in no device whose handshake began before the drain', async () => {
    const pod = await runPod({ IDLE_AFTER_MS: '60000' });
    await runDevice(pod, 'lamp-1');
    const client = await RawClient.connect(pod.device);
    const head = handshake('/connect?deviceId=late');
    client.send(head.slice(0, 60));
    pod.pod.terminate();
    await pod.logged('drain began');

    client.send(head.slice(60));
    const { status } = await client.answer();

    expect(status).toBe(503);
  });
});

it('a pod that has not reached its registry yet lets devices in', async () => {
  const pod = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
  const device = await runDevice(pod, 'lamp-1');

  const { status, json } = await ask(pod.callback, '/connections/lamp-1');

  expect(status).toBe(200);
  expect(json).toMatchObject({ state: 'connecting.waiting' });
  expect(device.socket.readyState).toBe(device.socket.OPEN);
});

it('a device that vanishes during the handshake does no harm', async () => {
  const pod = await runPod();
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(pod.device)));

  for (const client of clients) {
    client.send(handshake('/connect?deviceId=hasty'));
    client.socket.resetAndDestroy();
    if (!client.socket.closed) await once(client.socket, 'close');
  }
  const device = await runDevice(pod, 'lamp-1');

  expect(device.socket.readyState).toBe(device.socket.OPEN);
});
