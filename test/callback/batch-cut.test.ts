import Router from '@koa/router';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { batchRoute } from '../../src/callback/batch-route.ts';
import { createOwners } from '../../src/callback/owners.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createHttpServer } from '../../src/http/app.ts';
import { LongRequests } from '../../src/http/long-requests.ts';
import { listen } from '../../src/http/server.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';
import { createLocate } from '../../src/connections/locate.ts';
import { StallDetector } from '../../src/connections/stall-detector.ts';
import { createDeviceSide } from '../../src/testing/device-side.ts';
import { BatchCaller } from '../support/batch.ts';
import { runBatchPod } from '../support/batch-pod.ts';
import { claim } from '../support/claim.ts';
import { FaultyRegistry } from '../support/faulty-registry.ts';
import { until } from '../support/until.ts';

/** A callback listener without devices, whose registry the test holds up. */
async function serve() {
  const registry = new FaultyRegistry(new MemoryRegistry(systemClock, 60_000));
  const [log, metrics, podClient] = [createLogger('silent'), createMetrics(), new PodClient()];
  const { connections } = createDeviceSide({ clock: systemClock, registry, metrics, log });
  const stallDetector = new StallDetector(systemClock, 60_000, () => {});
  const self = { podId: 'self', serverIp: '127.0.0.1', port: () => 1 };
  const owners = createOwners({ registry, self, isPodAddress: () => true, log });
  const route = batchRoute({
    owners,
    locate: createLocate({ connections, stallDetector, lookUp: (deviceId) => owners.entryOf(deviceId) }),
    longRequests: new LongRequests(),
    closing: new AbortController().signal,
    clock: systemClock,
    maxPayloadBytes: 1000,
    podClient,
    metrics,
    log,
  });
  const { server } = createHttpServer(new Router().post('/callback', route), log);
  const port = await listen(server, 'PORT', { host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    podClient.close();
  });
  return { server, registry, base: `http://127.0.0.1:${port}` };
}

it('a batch whose caller goes while a device is looked up begins no request to another pod', async () => {
  const { server, registry, base } = await serve();
  const owner = await runBatchPod();
  await registry.register([claim({ deviceId: 'lamp-1', serverIp: owner.serverIp, port: owner.port })]);
  const answering = once(server, 'request');
  const answer = registry.hold('lookup');
  const first = await BatchCaller.start(base);
  first.send({ deviceId: 'lamp-1', data: 'late' });
  await until(() => registry.calls.includes('lookup'));
  const [, response] = (await answering) as [unknown, ServerResponse];

  first.outgoing.destroy();
  await once(response, 'close');
  answer();
  const second = await BatchCaller.start(base);
  second.send({ deviceId: 'lamp-1', data: 'next' });
  await second.received(1);

  expect(owner.batches.flat().map(({ data }) => data)).toEqual(['next']);
});
