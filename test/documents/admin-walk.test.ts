import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventReader } from '../support/events.ts';
import { runRegistered, runTwoPods } from '../support/owners.ts';
import { startProcess } from '../support/process.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { adminSteps, streamStep } from '../support/walk/admin-steps.ts';
import { documented, verify } from '../support/walk/documented.ts';
import { sendByNode } from '../support/walk/senders.ts';
import { statusOf } from '../support/walk/step.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** As many readers as there may be. */
async function follow(base: string): Promise<EventReader[]> {
  return Promise.all(Array.from({ length: 16 }, () => EventReader.open(`${base}/events?device=lamp-1`)));
}

it('operators and the kubelet get every answer that is documented and no other', async () => {
  const { near, far } = await runTwoPods(redis, { DRAIN_SWEEPS: '1', DRAIN_INTERVAL_MS: '100' });
  const cutOff = await runPod({ REDIS_URL: 'redis://127.0.0.1:1' });
  for (const name of ['lamp-1', 'lamp-9']) await runRegistered(near, name);
  await runRegistered(far, 'lamp-2');
  const [{ response }] = (await follow(near.admin)) as [EventReader];
  const { statusCode, headers } = response;
  const built = await startProcess().ready();
  const bases = { pod: near.admin, cutOff: cutOff.admin, built: built.admin };
  const stream = { status: statusCode!, headers, body: Buffer.from('event: step'), json: undefined };
  const produced = new Set([verify('admin', streamStep, stream)]);

  for (const step of adminSteps) {
    const answer = await sendByNode(bases[step.to], step.request);
    expect.soft(answer.status, JSON.stringify(step)).toBe(statusOf(step));
    produced.add(verify('admin', step.request, answer));
  }

  expect([...produced].toSorted()).toEqual(documented('admin').toSorted());
});
