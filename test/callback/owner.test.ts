import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, push } from '../support/ask.ts';
import { fakeOwner, haltedOwner, runRegistered, runTwoPods, timed } from '../support/owners.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** What such a 503 looks like. */
const unavailable = (code: string) => ({
  status: 503,
  headers: { 'content-type': 'application/problem+json', 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
  json: { status: 503, code },
});

describe('an owner that does not answer is a 503 owner-unreachable', () => {
  it('when nothing listens there', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.4', port: 1 });

    const answer = await timed(() => push(near.callback, 'lamp-1'));

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
    expect(answer.tookMs).toBeLessThan(1000);
  });

  it('when the connect gets no answer, after a second', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', await haltedOwner());

    const answer = await timed(() => push(near.callback, 'lamp-1'));

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
    expect(answer.tookMs).toBeGreaterThan(900);
    expect(answer.tookMs).toBeLessThan(2000);
  });

  it('when the pod was ended and its entry is still there', async () => {
    const { near, far, own } = await runTwoPods(redis);
    await far.stop();
    await own('lamp-1', { serverIp: '127.0.0.3', port: far.callbackPort });

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });

  it('when it breaks off before the answer', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((request) => request.socket.destroy());
    await own('lamp-1', owner);

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
    expect(owner.requests).toHaveLength(1);
  });

  it('when it breaks off within the answer', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('half', () => request.socket.destroy());
    });
    await own('lamp-1', owner);

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });

  it('when its answer has no end', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((_request, response) => {
      const flood = () => {
        response.write(Buffer.alloc(65_536));
      };
      response.on('drain', flood);
      flood();
    });
    await own('lamp-1', owner);

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });

  it('when it speaks no HTTP', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.1', port: redis.port });

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });

  it.each([-1, 0, 65_536, 1.5])('when its port is %d', async (port) => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.4', port });

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });

  it.each(['GET', 'DELETE'])('to %s as well', async (method) => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.4', port: 1 });

    const answer = await ask(near.callback, '/connections/lamp-1', { method });

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
  });
});

describe('an entry that names no pod', () => {
  it.each([
    ['an address outside POD_CIDRS', '127.0.0.4', { POD_CIDRS: '127.0.0.2/31' }],
    ['a host name', 'localhost', {}],
    ['an address in another notation', '127.1', {}],
    ['an address with more behind it', '127.0.0.4/x', {}],
    ['nothing', '', {}],
  ])('but %s: 503, and nothing is sent', async (_what, serverIp, env) => {
    const { near, own } = await runTwoPods(redis, env);
    const owners = await Promise.all(
      ['127.0.0.4', '127.0.0.1'].map((ip) => fakeOwner((_q, response) => response.end(), ip)),
    );
    await own('lamp-1', { serverIp, port: owners[serverIp === '127.0.0.4' ? 0 : 1]!.port });

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject(unavailable('owner-unreachable'));
    expect(owners.flatMap(({ requests }) => requests)).toEqual([]);
  });

  it('but an address with a line break, which fits no header: 404', async () => {
    const { near, own } = await runTwoPods(redis);
    await own('lamp-1', { serverIp: '127.0.0.4\r\nX-Evil: 1', port: 80 });

    const answer = await push(near.callback, 'lamp-1');

    expect(answer).toMatchObject({ status: 404, json: { code: 'not-connected' } });
  });

  it.each(['', 'null', '[]', '{}', '"x"', '{"v":1', '{"v":1,"serverIp":5}'])('but holds %j: 404', async (text) => {
    const { near, putEntry } = await runTwoPods(redis);
    await putEntry('lamp-1', text);

    const { status, json } = await push(near.callback, 'lamp-1');

    expect(status).toBe(404);
    expect(json).toMatchObject({ code: 'not-connected' });
  });
});

describe('an entry that names this pod for a device that is gone', () => {
  it.each([
    ['by its address', 'another'],
    ['by its id', undefined],
  ])('%s: 404', async (_what, podId) => {
    const { near, own } = await runTwoPods(redis);
    const { podId: nearId } = await near.logged('listening');
    const entry = { serverIp: '127.0.0.2', port: podId ? near.callbackPort : 1, podId: podId ?? String(nearId) };
    await own('lamp-1', entry);

    const { status, json } = await push(near.callback, 'lamp-1');

    expect(status).toBe(404);
    expect(json).toMatchObject({ code: 'not-connected' });
  });
});

describe('what goes to the owner and comes from it', () => {
  it('a request has the body, its type, the hop header, and nothing of the caller', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((_request, response) => response.end());
    await own('lamp-1', owner);

    await push(near.callback, 'lamp-1', 'hello', {
      'Content-Type': 'text/x',
      Cookie: 'a=b',
      Authorization: 'Bearer c',
    });
    const [request] = owner.requests;

    expect(request).toMatchObject({ method: 'POST', url: '/callback/lamp-1', body: Buffer.from('hello') });
    expect(request!.headers).toMatchObject({ 'content-type': 'text/x', 'ws-connect-hop': '1', 'content-length': '5' });
    expect(request!.headers).not.toHaveProperty('cookie');
    expect(request!.headers).not.toHaveProperty('authorization');
  });

  it('a redirect is not followed, and counts as no answer', async () => {
    const { near, own } = await runTwoPods(redis);
    const target = await fakeOwner((_request, response) => response.end());
    const owner = await fakeOwner((_request, response) => {
      response.writeHead(307, { Location: `http://${target.serverIp}:${target.port}/` }).end();
    });
    await own('lamp-1', owner);

    const { status, json } = await push(near.callback, 'lamp-1');

    expect(status).toBe(503);
    expect(json).toMatchObject({ code: 'owner-unreachable' });
    expect(target.requests).toEqual([]);
  });

  it('a request that failed is not sent again', async () => {
    const { near, own } = await runTwoPods(redis);
    const owner = await fakeOwner((request, response) => {
      if (owner.requests.length === 1) response.end();
      else request.socket.destroy();
    });
    await own('lamp-1', owner);
    await push(near.callback, 'lamp-1');

    const { status } = await push(near.callback, 'lamp-1');

    expect(status).toBe(503);
    expect(owner.requests).toHaveLength(2);
  });
});

describe('a registry that does not answer', () => {
  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    '(%s) is a 503 for a device elsewhere, not for one that is here',
    async (signal) => {
      const own = await startRedis();
      try {
        const { near, far } = await runTwoPods(own);
        const here = await runRegistered(near, 'here');
        await runRegistered(far, 'elsewhere');
        process.kill(own.pid, signal);

        const elsewhere = await timed(() => push(near.callback, 'elsewhere'));
        const answer = await push(near.callback, 'here', 'hello');

        expect(elsewhere).toMatchObject(unavailable('registry-unavailable'));
        expect(elsewhere.tookMs).toBeLessThan(2000);
        expect(answer.status).toBe(200);
        expect(await here.received(1)).toHaveLength(1);
      } finally {
        await own.stop();
      }
    },
  );
});
