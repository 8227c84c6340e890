import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ndjson, pushBatch, resultsOf } from '../support/batch.ts';
import { LeapingClock } from '../support/leaping-clock.ts';
import { fakeOwner, runRegistered, runTwoPods } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const ok = { deviceId: 'lamp-1', status: 200 };
const to = (data: string) => ({ deviceId: 'lamp-1', data });

/** A pod that has just stood still, with lamp-1 on it; `isGone`: the registry knows it to be with `owner` now. */
async function thaw(isGone: boolean) {
  const clock = new LeapingClock();
  const { near, own } = await runTwoPods(redis, { LEASE_TTL_MS: '60000' }, clock);
  const device = await runRegistered(near, 'lamp-1');
  const owner = await fakeOwner((_request, response) => response.end(ndjson([ok])));
  if (isGone) await own('lamp-1', { ...owner, t: Date.now() + 60_000 });
  clock.leap(21_000);
  return { near, device, owner };
}

describe('after its pod stood still, a device of a batch', () => {
  it('that is still the one in the registry gets its messages, in order', async () => {
    const { near, device } = await thaw(false);

    const results = await resultsOf(near.callback, to('1'), to('2'), to('3'));
    const frames = await device.received(3);

    expect(results).toEqual([ok, ok, ok]);
    expect(frames.map(({ data }) => data.toString())).toEqual(['1', '2', '3']);
  });

  it('that has gone to another pod gets them there, and nothing in the old socket', async () => {
    const { near, device, owner } = await thaw(true);

    const results = await resultsOf(near.callback, to('1'));

    expect(results).toEqual([ok]);
    expect(owner.requests.map(({ url, body }) => [url, body.toString()])).toEqual([
      ['/callback', `${JSON.stringify(to('1'))}\n`],
    ]);
    expect(device.frames).toEqual([]);
  });

  it('that has gone to another pod is not found by a batch that was forwarded', async () => {
    const { near, device, owner } = await thaw(true);

    const { results } = await pushBatch(near.callback, ndjson([to('1')]), { headers: { 'Ws-Connect-Hop': '1' } });

    expect(results).toEqual([{ deviceId: 'lamp-1', status: 409, code: 'moved' }]);
    expect(device.frames).toEqual([]);
    expect(owner.requests).toEqual([]);
  });
});
