import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestPod } from '../../src/testing/test-pod.ts';
import { ask, metric, push } from '../support/ask.ts';
import { EnvelopeDevice } from '../support/envelope-device.ts';
import { runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a device with a newer connection', () => {
  it.each(['the same pod', 'another pod'])(
    'can still acknowledge what it got on the older one: newer one on %s',
    async (where) => {
      const { near, far } = await runTwoPods(redis);
      const older = await EnvelopeDevice.run(near);
      await older.heard('welcome');
      const answer = ask(near.callback, '/callback/lamp-1?ack=1&timeoutMs=30000', { method: 'POST', body: 'hello' });
      const { id } = await older.heard('message');

      const newer = await EnvelopeDevice.run(where === 'another pod' ? far : near);
      await newer.heard('welcome');
      await until(() => metric(near.admin, 'ws_connect_connections{state="closing.settling"}'));
      const next = await push(near.callback, 'lamp-1');
      older.acknowledge(id);

      expect(await answer).toMatchObject({ status: 200, json: { outcome: 'acked' } });
      expect(await older.closed).toEqual({ code: 4509, reason: 'superseded' });
      expect(next.status).toBe(200);
      expect(older.envelopes.filter(({ type }) => type === 'message')).toHaveLength(1);
    },
  );
});

/** A device that has not acknowledged yet two messages that came by its connection, and has a newer one now. */
async function supersede(prepare: (pod: TestPod) => Promise<void> = async () => {}) {
  const pod = new TestPod();
  const options = { subprotocol: 'ws-connect.v1' } as const;
  const older = await pod.connect('lamp-1', options);
  const deliver = (id: string) => pod.deliver('lamp-1', { body: 'hello', id, ackWithinMs: 30_000 });
  const outcomes = Promise.all([deliver('a'), deliver('b')]);
  await prepare(pod);
  const newer = await pod.connect('lamp-1', options);
  const acknowledge = async (id: string) => {
    older.send(JSON.stringify({ type: 'ack', id }));
    await pod.clock.settle();
  };
  return { pod, older, newer, outcomes, acknowledge };
}

it('a superseded connection whose device has acknowledged everything is closed at once', async () => {
  const pod = new TestPod();
  const older = await pod.connect('lamp-1', { subprotocol: 'ws-connect.v1' });
  const outcome = pod.deliver('lamp-1', { body: 'hello', id: 'a', ackWithinMs: 30_000 });
  older.send('{"type":"ack","id":"a"}');
  await outcome;

  await pod.connect('lamp-1');

  expect(older.closedWith).toEqual({ code: 4509, reason: 'superseded' });
});

describe('a superseded connection that owes acknowledgements', () => {
  it('is closed as soon as the last has come', async () => {
    const { older, outcomes, acknowledge } = await supersede();

    await acknowledge('a');
    const before = [older.state, older.closedWith];
    await acknowledge('b');

    expect(before).toEqual(['closing.settling', undefined]);
    expect(older.closedWith).toEqual({ code: 4509, reason: 'superseded' });
    expect(await outcomes).toEqual(['acked', 'acked']);
  });

  it('is closed a second later if they do not come', async () => {
    const { pod, older, newer, outcomes, acknowledge } = await supersede();
    await acknowledge('a');

    await pod.pass(950);
    const before = older.closedWith;
    await pod.pass(100);

    expect(before).toBeUndefined();
    expect(older.closedWith).toEqual({ code: 4509, reason: 'superseded' });
    expect(await outcomes).toEqual(['acked', 'ack-timeout']);
    expect(await pod.lookUp('lamp-1')).toBe(newer.traceId);
  });

  it('has no more time for that than it had to leave', async () => {
    const { pod, older } = await supersede(async (draining) => {
      await draining.drain();
      await draining.pass(1300);
    });

    await pod.pass(150);
    const before = older.closedWith;
    await pod.pass(100);

    expect(before).toBeUndefined();
    expect(older.closedWith).toEqual({ code: 4509, reason: 'superseded' });
  });

  it('ends with its socket', async () => {
    const { pod, older, outcomes } = await supersede();

    older.breakOff();
    await pod.clock.settle();

    expect(older.state).toBe('unregistered');
    expect(await outcomes).toEqual(['ack-timeout', 'ack-timeout']);
  });
});
