import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metric } from '../support/ask.ts';
import { BatchCaller, ndjson, pushBatch, resultsOf } from '../support/batch.ts';
import { LeapingClock } from '../support/leaping-clock.ts';
import { runRegistered, runTwoPods, strangeOwner } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const ok = (deviceId: string) => ({ deviceId, status: 200 });
const to = (deviceId: string, data = 'hello') => ({ deviceId, data });

describe('lines for devices of another pod', () => {
  it('reach them, and their results come in the order of the input', async () => {
    const { near, far } = await runTwoPods(redis);
    const here = await runRegistered(near, 'here');
    const there = [await runRegistered(far, 'there-1'), await runRegistered(far, 'there-2')];
    const lines = Array.from({ length: 300 }, (_, index) =>
      to(['there-1', 'here', 'nobody', 'there-2'][index % 4]!, String(index)),
    );

    const results = await resultsOf(near.callback, ...lines);

    const expected = lines.map(({ deviceId }) =>
      deviceId === 'nobody' ? { deviceId, status: 404, code: 'not-connected' } : ok(deviceId),
    );
    expect(results).toEqual(expected);
    for (const [device, first] of [
      [there[0]!, 0],
      [here, 1],
      [there[1]!, 3],
    ] as const) {
      const frames = await device.received(75);
      expect(frames.map(({ data }) => Number(data.toString()))).toEqual(frames.map((_, index) => first + 4 * index));
    }
  });

  it('go as one request for each pod, as they stand, with the hop header and nothing else of the caller', async () => {
    const { near, own } = await runTwoPods(redis);
    const bodies: Promise<string>[] = [];
    const owner = await strangeOwner(async (request, response) => {
      bodies.push(text(request));
      await bodies[0];
      response.end(ndjson([ok('a'), ok('b')]));
    });
    await own('a', owner);
    await own('b', owner);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const spaced = '{ "deviceId": "a", "data": "1", "id": "x" }';
    const lines = [spaced, to('nobody'), to('b', '2')];

    const { results } = await pushBatch(near.callback, ndjson(lines), {
      query: '?ack=1&timeoutMs=700',
      headers: { Cookie: 'a=b', Authorization: 'Bearer c', traceparent },
    });
    const [request] = owner.requests;

    expect(results.map(({ status }) => status)).toEqual([200, 404, 200]);
    expect(owner.requests).toHaveLength(1);
    expect(request!.url).toBe('/callback?ack=1&timeoutMs=700');
    expect(request!.headers).toMatchObject({
      'ws-connect-hop': '1',
      'content-type': 'application/x-ndjson',
      traceparent,
    });
    expect(request!.headers).not.toHaveProperty('cookie');
    expect(request!.headers).not.toHaveProperty('authorization');
    expect(await bodies[0]).toBe(`${spaced}\n${JSON.stringify(lines[2])}\n`);
  });

  it('for many devices go on as one line for those of that pod', async () => {
    const { near, far } = await runTwoPods(redis);
    const devices = await Promise.all(['a', 'b', 'c'].map((id) => runRegistered(id === 'b' ? near : far, id)));

    const results = await resultsOf(near.callback, { deviceIds: ['a', 'x', 'b', 'c'], base64: 'AP8=', id: 'one' });

    expect(results).toEqual([ok('a'), { deviceId: 'x', status: 404, code: 'not-connected' }, ok('b'), ok('c')]);
    for (const device of devices)
      expect(await device.received(1)).toEqual([{ data: Buffer.from([0, 255]), binary: true }]);
  });

  it('are answered while more still come', async () => {
    const { near, far } = await runTwoPods(redis);
    const device = await runRegistered(far, 'there');
    const caller = await BatchCaller.start(near.callback);

    for (let count = 1; count <= 5; count += 1) {
      caller.send(to('there', String(count)));
      expect(await caller.received(count)).toHaveLength(count);
    }
    caller.end();

    expect(await caller.ended).toBe(true);
    expect(await device.received(5)).toHaveLength(5);
  });

  it('are counted by the one as forwarded and by the other by their outcome', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'there');
    await resultsOf(near.callback, to('there'), to('there'));

    const count = (pod: typeof near, outcome: string) =>
      metric(pod.admin, `ws_connect_callbacks_total{outcome="${outcome}"}`);

    expect(await count(near, 'forwarded')).toBe(2);
    expect(await count(far, 'delivered')).toBe(2);
  });

  it('that were forwarded already are a 409 moved, each of them', async () => {
    const { near, far } = await runTwoPods(redis);
    await runRegistered(far, 'there');
    await runRegistered(near, 'here');

    const { results } = await pushBatch(near.callback, ndjson([to('there'), to('here')]), {
      headers: { 'Ws-Connect-Hop': '1' },
    });

    expect(results).toEqual([{ deviceId: 'there', status: 409, code: 'moved' }, ok('here')]);
  });

  it('are answered with what the owner says of each', async () => {
    const { near, far, own } = await runTwoPods(redis);
    await runRegistered(near, 'moved');
    await own('gone', { serverIp: '127.0.0.3', port: far.callbackPort, podId: far.podId });

    const results = await resultsOf(near.callback, to('gone'), { ...to('gone'), base64: '' }, to('gone'));

    const gone = { deviceId: 'gone', status: 404, code: 'not-connected' };
    expect(results).toEqual([gone, { deviceId: 'gone', status: 400, code: 'bad-fields', line: 2 }, gone]);
  });
});

describe('the request to an owner', () => {
  it('ends when there has been nothing to send for 5 s, and the next line begins another one', async () => {
    const clock = new LeapingClock();
    const { near, own } = await runTwoPods(redis, {}, clock);
    const ends: Promise<unknown>[] = [];
    const owner = await strangeOwner((request, response) => {
      const end = once(request.resume(), 'end').then(() => response.end());
      end.catch(() => {}); // cut at the end of the test
      ends.push(end);
      response.write(ndjson([ok('a')]));
    });
    await own('a', owner);
    const caller = await BatchCaller.start(near.callback);
    caller.send(to('a'));
    await caller.received(1);

    clock.leap(6000);
    await ends[0];
    caller.send(to('a'));
    const results = await caller.received(2);

    expect(results).toEqual([ok('a'), ok('a')]);
    expect(owner.requests).toHaveLength(2);
  });

  it('is given up with its caller', async () => {
    const { near, own } = await runTwoPods(redis);
    const closed: Promise<unknown>[] = [];
    const owner = await strangeOwner((request, response) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
      response.flushHeaders();
    });
    await own('a', owner);
    const caller = await BatchCaller.start(near.callback);
    caller.send(to('a'));
    await until(() => closed.length === 1);

    caller.outgoing.destroy();
    await closed[0];

    expect(near.logs.filter(({ msg }) => msg === 'the owner did not answer')).toEqual([]);
  });
});

it('a registry that does not answer is a 503 for the lines of devices elsewhere', async () => {
  const ownRedis = await startRedis();
  try {
    const { near, far } = await runTwoPods(ownRedis);
    await runRegistered(near, 'here');
    await runRegistered(far, 'elsewhere');
    process.kill(ownRedis.pid, 'SIGSTOP');

    const results = await resultsOf(near.callback, to('elsewhere'), to('here'));

    expect(results).toEqual([{ deviceId: 'elsewhere', status: 503, code: 'registry-unavailable' }, ok('here')]);
  } finally {
    await ownRedis.stop();
  }
});
