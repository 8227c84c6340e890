import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { answerDelivered, answerProblem } from '../../support/callback-answers.ts';
import { runClient, runClientWithEntries } from '../../support/callback-clients.ts';
import { fakeOwner, haltedOwner } from '../../support/owners.ts';
import { until } from '../../support/until.ts';

const long = 86_400_000;

describe('a deadline', () => {
  it('ends a request that is not answered: whether it arrived is not known', async () => {
    const { client, own } = runClientWithEntries({ answerTimeoutMs: long });
    own('lamp-1', await fakeOwner(() => {}));

    const result = await client.send('lamp-1', 'x', { id: 'a', deadlineMs: 100 });

    expect(result).toMatchObject({ outcome: 'unknown', code: 'deadline', attempts: 1 });
  });

  it('ends a connect that takes too long: it has not arrived', async () => {
    const { client, own } = runClientWithEntries();
    own('lamp-1', await haltedOwner());

    const result = await client.send('lamp-1', 'x', { deadlineMs: 100 });

    expect(result).toMatchObject({ outcome: 'unavailable', code: 'deadline', attempts: 1 });
  });

  it('ends the tries', async () => {
    const { client, own } = runClientWithEntries();
    const owner = await fakeOwner((_, response) => answerProblem(response, 503, 'backpressure'));
    own('lamp-1', owner);

    const result = await client.send('lamp-1', 'x', { deadlineMs: 500 });

    expect(result).toMatchObject({ outcome: 'unavailable', code: 'backpressure', retryAfterMs: undefined });
    expect(result.attempts).toBeGreaterThan(1);
    expect(owner.requests).toHaveLength(result.attempts);
  });

  it('ends a lookup, and one that takes too long is as good as none', async () => {
    const client = runClient({ redis: { get: () => new Promise(() => {}) }, lookupTimeoutMs: 50 });

    const results = [
      await client.send('lamp-1', 'x', { deadlineMs: 20 }),
      await client.send('lamp-1', 'x', { deadlineMs: 300 }),
    ];

    expect(results).toMatchObject([
      { outcome: 'unavailable', code: 'deadline' },
      { outcome: 'unavailable', code: expect.stringMatching(/registry-unavailable|deadline/) },
    ]);
  });
});

describe('a signal', () => {
  const reason = new Error('the user left');

  it('that is aborted already lets nothing be sent', async () => {
    const { client, own, lookups } = runClientWithEntries();
    const owner = await fakeOwner((_, response) => answerDelivered(response));
    own('lamp-1', owner);

    const sending = client.send('lamp-1', 'x', { signal: AbortSignal.abort(reason) });

    await expect(sending).rejects.toBe(reason);
    expect([owner.requests, lookups]).toEqual([[], []]);
  });

  it('ends a request that is under way', async () => {
    const { client, own } = runClientWithEntries();
    const abort = new AbortController();
    const owner = await fakeOwner(async (request) => {
      setImmediate(() => abort.abort(reason));
      await once(request.socket, 'close');
    });
    own('lamp-1', owner);

    const sending = client.send('lamp-1', 'x', { signal: abort.signal, id: 'a' });

    await expect(sending).rejects.toBe(reason);
    expect(owner.requests).toHaveLength(1);
  });

  it('may be for many messages at once without a warning', async () => {
    const { client, own } = runClientWithEntries();
    const abort = new AbortController();
    own('lamp-1', await fakeOwner((_, response) => answerDelivered(response)));
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);

    await Promise.all(Array.from({ length: 20 }, () => client.send('lamp-1', 'x', { signal: abort.signal })));
    process.off('warning', note);

    expect(warnings).toEqual([]);
  });

  it('ends the wait for another try', async () => {
    const { client, own } = runClientWithEntries();
    const abort = new AbortController();
    own(
      'lamp-1',
      await fakeOwner((_, response) => answerProblem(response, 503, 'backpressure', { 'Retry-After': '60' })),
    );

    const sending = client.send('lamp-1', 'x', { signal: abort.signal, deadlineMs: long });
    setTimeout(() => abort.abort(reason), 100);

    await expect(sending).rejects.toBe(reason);
  });
});

describe('closing the client', () => {
  it('ends what is under way', async () => {
    const { client, own, lookups } = runClientWithEntries();
    const silent = await fakeOwner(() => {});
    own('lamp-1', silent);
    const patience = { deadlineMs: long, reconnectWaitMs: long };
    const sending = ['lamp-1', 'nobody'].map((deviceId) => client.send(deviceId, 'x', patience));
    await until(() => silent.requests.length === 1 && lookups.length > 2);

    client.close();

    expect(await Promise.all(sending)).toMatchObject([{ outcome: 'unknown', code: 'closed' }, { outcome: 'offline' }]);
  });

  it('lets nothing be sent afterwards', async () => {
    const { client } = runClientWithEntries();

    client.close();

    await expect(client.send('lamp-1', 'x')).rejects.toThrow('the callback client is closed');
    expect(() => client.batch([])).toThrow('the callback client is closed');
  });
});

it('a request waits for its turn when as many as may be are under way, and is not counted against the pod', async () => {
  const { client, own } = runClientWithEntries({ maxSocketsPerPod: 1, answerTimeoutMs: long });
  const answers: (() => void)[] = [];
  const owner = await fakeOwner((_, response) => void answers.push(() => answerDelivered(response)));
  own('lamp-1', owner);
  const first = client.send('lamp-1', '1');
  await until(() => answers.length === 1);

  const second = await client.send('lamp-1', '2', { deadlineMs: 100 });
  answers[0]!();
  const third = client.send('lamp-1', '3');
  await until(() => answers.length === 2);
  answers[1]!();

  expect(second).toMatchObject({ outcome: 'unavailable', code: 'deadline' });
  expect([(await first).outcome, (await third).outcome]).toEqual(['delivered', 'delivered']);
  expect(owner.requests.map(({ body }) => body.toString())).toEqual(['1', '3']);
});
