import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { proofHeader } from '@ws-connect/callback-client/internal/pod-proof';
import type { Endpoint } from '../../src/rehearse/balancer.ts';
import type { CallerOptions } from '../../src/rehearse/caller.ts';
import { Caller } from '../../src/rehearse/caller.ts';
import { Ledger } from '../../src/rehearse/ledger.ts';
import { seededRandom } from '../../src/rehearse/random.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

const host = '127.0.0.1';

/** A pod that answers with these statuses in turn, then always with the last one. What it answers with 200 has arrived. */
async function startPod(ledger: Ledger, ...statuses: number[]) {
  const pod = { host, port: 0, podId: 'pod', asked: 0 };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const status = statuses[Math.min(pod.asked, statuses.length - 1)]!;
    pod.asked += 1;
    if (status === 200) ledger.arrive(request.url!.replace('/callback/', ''), body, performance.now());
    response.writeHead(status, { [proofHeader]: pod.podId }).end();
  }).listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return Object.assign(pod, { port: (server.address() as AddressInfo).port });
}

/** A caller that begins so many callbacks, and has finished with them. */
async function call(ledger: Ledger, count: number, options: Partial<CallerOptions> & { pods: () => Endpoint[] }) {
  const caller = new Caller({
    perSecond: 100,
    deadlineMs: 10_000,
    deviceIds: ['lamp-1', 'lamp-2'],
    lookUp: undefined,
    ledger,
    random: seededRandom(1),
    changed() {},
    ...options,
  });
  onTestFinished(() => caller.close());
  caller.start();
  await until(() => ledger.sent >= count);
  caller.stop();
  await until(() => caller.underWay === 0);
  return caller;
}

it('tries again until the callback is delivered', async () => {
  const ledger = new Ledger('run');
  const pod = await startPod(ledger, 404, 409, 503, 200);

  const { answers } = await call(ledger, 1, { pods: () => [pod] });

  expect(ledger.counts()).toMatchObject({ delivered: ledger.sent, lost: 0 });
  expect(ledger.counts().retried).toBeGreaterThanOrEqual(1);
  expect(Object.fromEntries(answers)).toEqual({ 200: ledger.sent, 404: 1, 409: 1, 503: 1 });
});

it('goes on to another pod when one is gone', async () => {
  const ledger = new Ledger('run');
  const pod = await startPod(ledger, 200);
  const gone = { host, port: await freePort() };

  const { answers } = await call(ledger, 20, { pods: () => [pod, gone] });

  expect(ledger.counts()).toMatchObject({ delivered: ledger.sent, lost: 0, duplicated: 0 });
  expect(answers.get('refused')).toBeGreaterThan(0);
});

it('asks half of the time the pod that the registry names, the other half any', async () => {
  const ledger = new Ledger('run');
  const [any, owner] = [await startPod(ledger, 200), await startPod(ledger, 200)];

  await call(ledger, 40, { pods: () => [any], lookUp: () => Promise.resolve(owner) });

  expect(any.asked).toBeGreaterThan(5);
  expect(owner.asked).toBeGreaterThan(5);
});

it('takes the pod that the registry names for gone when another program has its address', async () => {
  const ledger = new Ledger('run');
  const [any, stranger] = [await startPod(ledger, 200), await startPod(ledger, 200)];

  const { answers } = await call(ledger, 10, {
    pods: () => [any],
    lookUp: () => Promise.resolve({ ...stranger, podId: 'dead' }),
  });

  expect(stranger.asked).toBeGreaterThan(0);
  expect(answers.get('refused')).toBe(stranger.asked);
  expect(answers.get('200')).toBe(ledger.sent);
});

it('asks any pod when the registry names none', async () => {
  const ledger = new Ledger('run');
  const any = await startPod(ledger, 200);

  const { answers } = await call(ledger, 5, { pods: () => [any], lookUp: () => Promise.resolve(undefined) });

  expect(ledger.counts()).toMatchObject({ delivered: ledger.sent });
  expect(answers.get('nowhere')).toBeGreaterThan(0);
});

it('gives up when its time is over', async () => {
  const ledger = new Ledger('run');
  const pod = await startPod(ledger, 404);

  await call(ledger, 2, { pods: () => [pod], deadlineMs: 300 });

  expect(ledger.counts()).toMatchObject({ lost: ledger.sent, givenUp: ledger.sent });
  expect(pod.asked).toBeGreaterThanOrEqual(2);
});

it('does not repeat what will be answered the same', async () => {
  const ledger = new Ledger('run');
  const pod = await startPod(ledger, 413);

  await call(ledger, 1, { pods: () => [pod] });

  expect(pod.asked).toBe(ledger.sent);
  expect(ledger.counts()).toMatchObject({ givenUp: ledger.sent, retried: 0 });
});
