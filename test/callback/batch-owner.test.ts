import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BatchCaller, ndjson, resultsOf } from '../support/batch.ts';
import { flood } from '../support/flood.ts';
import type { OwnerEntry } from '../support/owners.ts';
import { haltedOwner, runRegistered, runTwoPods, strangeOwner } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const ok = (deviceId: string) => ({ deviceId, status: 200 });
const unreachable = (deviceId: string) => ({ deviceId, status: 503, code: 'owner-unreachable' });
const to = (deviceId: string, data = 'hello') => ({ deviceId, data });

describe('an owner that fails harms its own lines alone', () => {
  const owners: [string, () => Promise<OwnerEntry>][] = [
    ['is not there', async () => ({ serverIp: '127.0.0.4', port: 1 })],
    ['takes no connection', haltedOwner],
    ['has an address that is no pod', async () => ({ serverIp: '8.8.8.8', port: 80 })],
    [
      'answers with another protocol',
      () =>
        strangeOwner(({ socket }) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        }),
    ],
    ['has a port that is none', async () => ({ serverIp: '127.0.0.4', port: 99_999 })],
    ['has a part of a port', async () => ({ serverIp: '127.0.0.4', port: 80.5 })],
    ['hangs up', () => strangeOwner((request) => request.socket.destroy())],
    ['does not know our token', () => strangeOwner((_request, response) => response.writeHead(401).end())],
    ['knows no batches', () => strangeOwner((_request, response) => response.writeHead(404).end())],
    ['sends elsewhere', () => strangeOwner((_request, response) => response.writeHead(307, { Location: '/' }).end())],
    ['ends its answer early', () => strangeOwner((_request, response) => response.end())],
    [
      'answers in another order',
      () => strangeOwner((_request, response) => response.write(ndjson([ok('b'), ok('a')]))),
    ],
    ['answers nonsense', () => strangeOwner((_request, response) => response.write('{"deviceId":"a"}\n'))],
    ['answers without an end', () => strangeOwner((_request, response) => response.write('x'.repeat(5000) + '\n'))],
  ];

  it.each(owners)('when it %s', async (_what, start) => {
    const { near, own } = await runTwoPods(redis);
    await runRegistered(near, 'here');
    const owner = await start();
    await own('a', owner);
    await own('b', owner);

    const results = await resultsOf(near.callback, to('here'), to('a'), to('here'), to('b'), to('here'));

    expect(results).toEqual([ok('here'), unreachable('a'), ok('here'), unreachable('b'), ok('here')]);
  });

  it('when it breaks off in the middle: what it had answered counts', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await strangeOwner((request, response) => {
      response.write(ndjson([ok('a')]), () => request.socket.resetAndDestroy());
    });
    await own('a', owner);
    await own('b', owner);

    const results = await resultsOf(near.callback, to('a'), to('b'));

    expect(results).toEqual([ok('a'), unreachable('b')]);
  });

  it('and is not tried again for each line', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await strangeOwner((request) => request.socket.destroy());
    await own('a', owner);
    const caller = await BatchCaller.start(near.callback);
    caller.send(to('a'));
    await caller.received(1);

    caller.send(to('a'), to('a'));
    caller.end();

    expect(await caller.received(3)).toEqual([unreachable('a'), unreachable('a'), unreachable('a')]);
    expect(owner.requests).toHaveLength(1);
  });

  it('but is asked again after a while', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await strangeOwner((request, response) => {
      if (owner.requests.length === 1) request.socket.destroy();
      else response.write(ndjson([ok('a')]));
    });
    await own('a', owner);
    const caller = await BatchCaller.start(near.callback);

    while (caller.results.at(-1)?.status !== 200) {
      caller.send(to('a'));
      await caller.received(caller.results.length + 1);
    }

    expect(caller.results[0]).toEqual(unreachable('a'));
  });

  it.each([
    ['goes on without a line', 'x'],
    ['sends blank lines', '\n'],
    ['sends a line that nobody asked for', `${JSON.stringify(ok('a'))}\n`],
  ])('when it %s after its results it is cut, while the batch goes on', async (_what, piece) => {
    const { near, own } = await runTwoPods(redis);
    await runRegistered(near, 'here');
    const closed: Promise<unknown>[] = [];
    const owner = await strangeOwner((request, response) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
      response.write(ndjson([ok('a')]));
      request.once('data', () => flood(response, piece));
    });
    await own('a', owner);
    const caller = await BatchCaller.start(near.callback);
    caller.send(to('a'));
    await caller.received(1);

    await closed[0];
    caller.send(to('here'));
    caller.end();

    expect(await caller.received(2)).toEqual([ok('a'), ok('here')]);
  });

  it('when its answer has no end it is cut soon after the batch is over', async () => {
    const { near, own } = await runTwoPods(redis);
    const closed: Promise<unknown>[] = [];
    const owner = await strangeOwner((request, response) => {
      closed.push(new Promise((resolve) => request.socket.once('close', resolve)));
      response.write(ndjson([ok('a')]));
    });
    await own('a', owner);

    const results = await resultsOf(near.callback, to('a'));
    await closed[0];

    expect(results).toEqual([ok('a')]);
  });

  it('when it does not answer in time', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('a', await strangeOwner((_request, response) => response.flushHeaders()));
    await runRegistered(near, 'here');

    const results = await resultsOf(near.callback, to('a'), to('here'));

    expect(results).toEqual([unreachable('a'), ok('here')]);
  });
});
