import { expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import { Delivery } from '../../src/callback/batch-results.ts';
import { Relays } from '../../src/callback/batch-relays.ts';
import { createOwners } from '../../src/callback/owners.ts';
import { MemoryRegistry } from '../../src/registry/memory.ts';

it('a request that cannot even be begun costs its own deliveries and no other', () => {
  const owners = createOwners({
    registry: new MemoryRegistry(systemClock, 1000),
    self: { podId: 'pod-1', serverIp: '127.0.0.1', port: () => 1 },
    isPodAddress: () => true,
    log: createLogger('silent'),
  });
  const options = { owners, podClient: new PodClient(), clock: systemClock, path: '/callback', headers: {} };
  const relays = new Relays({ ...options, answerWithinMs: 1000 });
  const settled: string[] = [];
  const outbound = ['a', 'b'].map((deviceId) => ({
    delivery: new Delivery({ deviceId, bytes: 0, startedAt: 0 }, (_, label) => settled.push(`${deviceId} ${label}`)),
    owner: { podId: 'pod-2', serverIp: '127.0.0.4', port: 99_999 },
  }));

  relays.send(outbound.slice(0, 1), 0);
  relays.send(outbound.slice(1), 0);

  expect(settled).toEqual(['a owner-unreachable', 'b owner-unreachable']);
});
