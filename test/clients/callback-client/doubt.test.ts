import { describe, expect, it } from 'vitest';
import { answerDelivered, answerProblem, inTurn } from '../../support/callback-answers.ts';
import { runClientWithEntries } from '../../support/callback-clients.ts';
import { fakeOwner } from '../../support/owners.ts';

/** What real pods cannot be made to do at the right moment: answers that are late, lost, or in doubt. */
describe('a message that may have been delivered', () => {
  it.each([
    ['whose connection was reset', 'no-answer', inTurn((request) => request.socket.resetAndDestroy(), ok)],
    ['whose pod was silent', 'timed-out', inTurn(silence, ok)],
    ['whose pod failed', 'internal-error', inTurn((_, response) => answerProblem(response, 500, 'internal-error'), ok)],
    [
      'that was not acknowledged',
      'ack-timeout',
      inTurn((_, response) => answerProblem(response, 504, 'ack-timeout'), ok),
    ],
    ['whose owner left another pod waiting', 'owner-unreachable', inTurn(ownerUnreachable, ok)],
    ['whose answer was none', 'no-answer', inTurn((_, response) => response.end('<html>'), ok)],
    ['whose answer was a redirect', 'no-answer', inTurn(redirect, ok)],
  ])('%s is not sent again, unless it is idempotent', async (_what, code, listener) => {
    const { client, own } = runClientWithEntries({ answerTimeoutMs: 200, breakerMs: 0 });
    const owner = await fakeOwner(listener);
    own('lamp-1', owner);

    const once = await client.send('lamp-1', 'x');

    expect(once).toEqual({ deviceId: 'lamp-1', id: undefined, attempts: 1, outcome: 'unknown', code });
    expect(owner.requests).toHaveLength(1);
  });

  it.each([
    ['whose connection was reset', inTurn((request) => request.socket.resetAndDestroy(), ok)],
    ['whose pod was silent', inTurn(silence, ok)],
    ['that was not acknowledged', inTurn((_, response) => answerProblem(response, 504, 'ack-timeout'), ok)],
    ['whose owner left another pod waiting', inTurn(ownerUnreachable, ok)],
  ])('%s is sent again with the same id when it is idempotent', async (_what, listener) => {
    const { client, own } = runClientWithEntries({ answerTimeoutMs: 200, breakerMs: 0 });
    const owner = await fakeOwner(listener);
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x', { id: 'order-7' });

    expect(result).toMatchObject({ outcome: 'delivered', id: 'order-7', attempts: 2 });
    expect(owner.requests.map(({ url }) => url)).toEqual([
      '/callback/lamp-1?id=order-7',
      '/callback/lamp-1?id=order-7',
    ]);
  });

  it('stays in doubt when a later try finds the device offline', async () => {
    const { client, own, disown } = runClientWithEntries();
    const owner = await fakeOwner((request) => {
      disown('lamp-1');
      request.socket.resetAndDestroy();
    });
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x', { idempotent: true });

    expect(result).toMatchObject({ outcome: 'unknown', code: 'no-answer', attempts: 1 });
    expect(result.id).toMatch(/^[\w-]{36}$/);
  });
});

describe('a message that was not delivered', () => {
  it('is sent again after as long as the pod asks', async () => {
    const { client, own } = runClientWithEntries();
    const times: number[] = [];
    const busy = inTurn((_, response) => answerProblem(response, 503, 'backpressure', { 'Retry-After': '1' }), ok);
    const owner = await fakeOwner((request, response) => {
      times.push(performance.now());
      busy(request, response);
    });
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'delivered', attempts: 2 });
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(995);
  });

  it.each([
    [503, 'backpressure'],
    [429, 'too-fast'],
  ])('is given up when the pod asks for more time than there is: %i', async (status, code) => {
    const { client, own } = runClientWithEntries();
    const owner = await fakeOwner((_, response) => answerProblem(response, status, code, { 'Retry-After': '3600' }));
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x', { deadlineMs: 60_000 });

    expect(result).toMatchObject({ outcome: 'unavailable', code, retryAfterMs: 3_600_000, attempts: 1 });
    expect(owner.requests).toHaveLength(1);
  });

  it('is looked up and sent again when the device has moved meanwhile', async () => {
    const { client, own, lookups } = runClientWithEntries();
    const next = await fakeOwner(ok);
    const moved = await fakeOwner((_, response) => {
      own('lamp-1', { ...next, t: 2 });
      answerProblem(response, 409, 'moved');
    });
    own('lamp-1', moved);

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'delivered', attempts: 2 });
    expect([moved.requests.length, next.requests.length, lookups.length]).toEqual([1, 1, 2]);
  });

  it('is looked up and sent again when its pod does not know the device any more and another does', async () => {
    const { client, own } = runClientWithEntries();
    const next = await fakeOwner(ok);
    const left = await fakeOwner((_, response) => {
      own('lamp-1', { ...next, t: 2 });
      answerProblem(response, 404, 'not-connected');
    });
    own('lamp-1', left);

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'delivered', attempts: 2 });
  });

  it('is not sent a second time to a pod that says that this very connection is gone', async () => {
    const { client, own, lookups } = runClientWithEntries();
    const owner = await fakeOwner((_, response) => answerProblem(response, 404, 'not-connected'));
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'offline', attempts: 1 });
    expect([owner.requests.length, lookups.length]).toEqual([1, 2]);
  });

  it('is not sent where an answer says the device is, when that is no address of a pod', async () => {
    const { client, own, lookups } = runClientWithEntries({ cacheMs: 86_400_000 });
    const owner = await fakeOwner((_, response) => {
      response.setHeader('Ws-Connect-Pod', '93.184.216.34:80');
      answerDelivered(response);
    });
    own('lamp-1', owner);

    const results = [await client.send('lamp-1', '1'), await client.send('lamp-1', '2')];

    expect(results.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['delivered', 1],
      ['delivered', 1],
    ]);
    expect(lookups).toHaveLength(1);
  });

  it('is refused by what is no pod, not taken for offline', async () => {
    const { client, own } = runClientWithEntries();
    own('lamp-1', await fakeOwner((_, response) => response.writeHead(404).end('not found')));

    const result = await client.send('lamp-1', 'x');

    expect(result).toMatchObject({ outcome: 'refused', status: 404, code: 'status-404' });
  });
});

it('a device that does not take its message does not keep others of its pod from theirs', async () => {
  const { client, own } = runClientWithEntries({ answerTimeoutMs: 100, breakerMs: 86_400_000 });
  const owner = await fakeOwner((request, response) => {
    if (request.url !== '/callback/stuck') answerDelivered(response);
  });
  for (const deviceId of ['stuck', 'lamp-1']) own(deviceId, owner);

  const stuck = client.send('stuck', 'x');
  const before = await client.send('lamp-1', 'x');
  const doubt = await stuck;
  const after = await client.send('lamp-1', 'x', { deadlineMs: 500 });

  expect(doubt).toMatchObject({ outcome: 'unknown', code: 'timed-out' });
  expect([before.outcome, after.outcome]).toEqual(['delivered', 'delivered']);
});

it('waits longer for an acknowledgement than for other answers', async () => {
  const { client, own } = runClientWithEntries({ answerTimeoutMs: 100 });
  own('lamp-1', await fakeOwner((_, response) => void setTimeout(() => answerDelivered(response, 'acked'), 400)));

  const result = await client.send('lamp-1', 'x', { ack: true, timeoutMs: 20_000 });

  expect(result.outcome).toBe('acked');
});

function ok(_request: unknown, response: Parameters<typeof answerDelivered>[0]): void {
  answerDelivered(response);
}

function silence(): void {}

function ownerUnreachable(_request: unknown, response: Parameters<typeof answerDelivered>[0]): void {
  answerProblem(response, 503, 'owner-unreachable', { 'Retry-After': '0' });
}

function redirect(_request: unknown, response: Parameters<typeof answerDelivered>[0]): void {
  response.writeHead(307, { Location: 'http://127.0.0.9/' }).end();
}
