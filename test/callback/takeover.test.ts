import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { PodAnswer, PodRequest } from '@ws-connect/callback-client/internal/pod-client';
import { Unproven } from '@ws-connect/callback-client/internal/pod-exchange';
import { createTakeover } from '../../src/callback/takeover.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import type { Entry } from '../../src/registry/registry.ts';
import { metric, metrics, push } from '../support/ask.ts';
import { fakeOwner, haltedOwner, runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runDevice } from '../support/running.ts';
import { until } from '../support/until.ts';

const previous: Entry = {
  v: 1,
  serverIp: '10.0.0.7',
  port: 8081,
  traceId: 'f'.repeat(32),
  podId: 'another',
  t: 1,
};

/** Writes down what other pods are asked, and lets the test answer. */
class RecordingPodClient extends PodClient {
  readonly asked: PodRequest[] = [];
  readonly #waiting: { resolve: (answer: PodAnswer) => void; reject: (error: Error) => void }[] = [];

  override send(request: PodRequest): Promise<PodAnswer> {
    this.asked.push(request);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  answer(status: number): void {
    this.#waiting.shift()!.resolve({ status, headers: {}, body: Buffer.alloc(0) });
  }

  fail(): void {
    this.#waiting.shift()!.reject(new Error('no answer'));
  }

  failToProve(status: number): void {
    this.#waiting.shift()!.reject(new Unproven(status));
  }
}

function createTakeoverAndPods<T extends PodClient = RecordingPodClient>(
  podClient: T = new RecordingPodClient() as unknown as T,
) {
  const counters = createMetrics();
  const takeover = createTakeover({
    podClient,
    isPodAddress: (address) => address.startsWith('10.') || address.startsWith('127.'),
    metrics: counters,
    log: createLogger('silent'),
  });
  const counted = async () => {
    const text = await counters.text();
    return Object.fromEntries(
      [...text.matchAll(/^ws_connect_takeovers_total\{result="(\w+)"\} (\d+)$/gm)].map(([, result, count]) => [
        result,
        Number(count),
      ]),
    );
  };
  return { podClient, takeover, counted };
}

describe('a takeover', () => {
  it('asks the pod that had the device to close that very connection, once, and not for long', async () => {
    const { podClient, takeover } = createTakeoverAndPods();

    const over = takeover('lamp-1', previous);
    podClient.answer(204);
    await over;

    expect(podClient.asked).toEqual([
      {
        address: '10.0.0.7',
        port: 8081,
        podId: 'another',
        method: 'DELETE',
        path: '/connections/lamp-1?reason=superseded',
        headers: { 'If-Match': `"${'f'.repeat(32)}"`, 'Ws-Connect-Hop': '1' },
        body: undefined,
        timeoutMs: 500,
      },
    ]);
  });

  it.each([
    ['closed', 204],
    ['gone', 404],
    ['gone', 409],
    ['gone', 412],
    ['gone', 500],
  ])('is counted as %s when the answer is %i', async (result, status) => {
    const { podClient, takeover, counted } = createTakeoverAndPods();

    const over = takeover('lamp-1', previous);
    podClient.answer(status);
    await over;

    expect(await counted()).toEqual({ [result]: 1 });
  });

  it('is counted as unanswered when there is no answer, and not repeated', async () => {
    const { podClient, takeover, counted } = createTakeoverAndPods();

    const over = takeover('lamp-1', previous);
    podClient.fail();
    await over;

    expect(await counted()).toEqual({ unanswered: 1 });
    expect(podClient.asked).toHaveLength(1);
  });

  it.each([
    ['unanswered', 204],
    ['unanswered', 404],
    ['refused', 401],
  ])('is counted as %s when the %i does not prove to be of that pod', async (result, status) => {
    const { podClient, takeover, counted } = createTakeoverAndPods();

    const over = takeover('lamp-1', previous);
    podClient.failToProve(status);
    await over;

    expect(await counted()).toEqual({ [result]: 1 });
  });

  it('is refused when the entry names an address where no pod may be', async () => {
    const { podClient, takeover, counted } = createTakeoverAndPods();

    await takeover('lamp-1', { ...previous, serverIp: '203.0.113.1' });

    expect(await counted()).toEqual({ refused: 1 });
    expect(podClient.asked).toEqual([]);
  });
});

describe('of many takeovers at once', () => {
  it('64 are asked for and the rest is skipped', async () => {
    const { podClient, takeover, counted } = createTakeoverAndPods();

    const all = Array.from({ length: 100 }, (_, index) => takeover(`lamp-${index}`, previous));
    const asked = podClient.asked.length;
    for (let index = 0; index < asked; index += 1) podClient.answer(204);
    await Promise.all(all);

    expect(asked).toBe(64);
    expect(await counted()).toEqual({ closed: 64, skipped: 36 });
  });

  it('each that is over makes room for another, whatever became of it', async () => {
    const { podClient, takeover, counted } = createTakeoverAndPods();
    const first = Array.from({ length: 64 }, (_, index) => takeover(`lamp-${index}`, previous));

    podClient.answer(204);
    podClient.fail();
    await Promise.race(first);
    await first[1];
    const later = [takeover('lamp-64', previous), takeover('lamp-65', previous), takeover('lamp-66', previous)];
    for (let index = 0; index < 64; index += 1) podClient.answer(204);
    await Promise.all([...first, ...later]);

    expect(await counted()).toEqual({ closed: 65, unanswered: 1, skipped: 1 });
  });

  it('those that are answered with another protocol make room too', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
    const owner = await fakeOwner(({ socket }) => socket.write(upgrade));
    const podClient = new PodClient();
    onTestFinished(() => podClient.close());
    const { takeover, counted } = createTakeoverAndPods(podClient);
    const all = () => Array.from({ length: 64 }, (_, index) => takeover(`lamp-${index}`, { ...previous, ...owner }));
    await Promise.all(all());

    await Promise.all(all());

    expect(await counted()).toEqual({ unanswered: 128 });
  });

  it('those to no pod take no room', async () => {
    const { podClient, takeover } = createTakeoverAndPods();
    await Promise.all(Array.from({ length: 100 }, () => takeover('lamp-1', { ...previous, serverIp: '203.0.113.1' })));

    const over = takeover('lamp-1', previous);
    podClient.answer(204);
    await over;

    expect(podClient.asked).toHaveLength(1);
  });
});

describe('a device that another pod had', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const taken = (admin: string, result: string) => metric(admin, `ws_connect_takeovers_total{result="${result}"}`);

  it('is asked for there by the connection in the entry', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((_request, response) => response.writeHead(204).end());
    await own('lamp-1', owner);

    await runRegistered(near, 'lamp-1');
    await until(() => taken(near.admin, 'closed'));
    const [request] = owner.requests;

    expect(owner.requests).toHaveLength(1);
    expect(request).toMatchObject({
      method: 'DELETE',
      url: '/connections/lamp-1?reason=superseded',
      headers: { 'if-match': `"${'0'.repeat(32)}"`, 'ws-connect-hop': '1' },
    });
    expect(request!.body).toHaveLength(0);
  });

  it.each([
    ['has let it go already', 404, 'gone'],
    ['has another connection of it', 412, 'gone'],
    ['fails', 500, 'gone'],
    ['sends elsewhere', 302, 'unanswered'],
  ])('is here all the same when that pod %s: %i', async (_, status, result) => {
    const { near, far, own } = await runTwoPods(redis);
    const owner = await fakeOwner((_request, response) =>
      response.writeHead(status, { Location: near.callback }).end(),
    );
    await own('lamp-1', owner);

    const device = await runRegistered(near, 'lamp-1');
    await until(() => taken(near.admin, result));
    const { status: answered } = await push(far.callback, 'lamp-1');

    expect(answered).toBe(200);
    expect(await device.received(1)).toHaveLength(1);
    expect(owner.requests).toHaveLength(1);
  });

  it('is here at once when that pod does not answer, which is given up soon', async () => {
    const { near, far, own } = await runTwoPods(redis);
    await own('lamp-1', await haltedOwner());

    const device = await runRegistered(near, 'lamp-1');
    const { status } = await push(far.callback, 'lamp-1');
    const counted = await until(() => taken(near.admin, 'unanswered'));

    expect(status).toBe(200);
    expect(await device.received(1)).toHaveLength(1);
    expect(counted).toBe(1);
  });

  it('is not asked for at an address where no pod may be', async () => {
    const { near, own } = await runTwoPods(redis, { POD_CIDRS: '127.0.0.2/31' });
    const owner = await fakeOwner((_request, response) => response.end());
    await own('lamp-1', owner);

    await runRegistered(near, 'lamp-1');
    await until(() => taken(near.admin, 'refused'));

    expect(owner.requests).toEqual([]);
  });

  it('is not asked for at a port that is none', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.3', port: 99_999 });

    await runRegistered(near, 'lamp-1');

    expect(await until(() => taken(near.admin, 'refused'))).toBe(1);
  });

  it('is asked for in vain by a pod that the old connection has left in the meantime', async () => {
    const { near, far } = await runTwoPods(redis);
    const first = await runRegistered(far, 'lamp-1');
    const second = await runDevice(far, 'lamp-1');
    await first.closed;

    const third = await runRegistered(near, 'lamp-1');
    const close = await second.closed;
    await until(() => taken(near.admin, 'closed'));

    expect(close).toEqual({ code: 4509, reason: 'superseded' });
    expect(third.socket.readyState).toBe(third.socket.OPEN);
  });

  it('that comes back to the same pod is asked for nowhere', async () => {
    const { near } = await runTwoPods(redis);
    const first = await runRegistered(near, 'lamp-1');
    await runDevice(near, 'lamp-1');
    await first.closed;
    await until(() => metric(near.admin, 'ws_connect_connections{state="registered.active"}'));

    expect(await metrics(near.admin, 'ws_connect_takeovers_total{')).toEqual({});
  });
});
