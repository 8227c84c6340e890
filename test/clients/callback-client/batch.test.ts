import { describe, expect, it } from 'vitest';
import type { BatchMessage, BatchResult } from '@ws-connect/callback-client';
import type { BatchPod } from '../../support/batch-pod.ts';
import { delivered, runBatchPod } from '../../support/batch-pod.ts';
import { runClient, runClientWithEntries } from '../../support/callback-clients.ts';
import { collected } from '../../support/collected.ts';
import { until } from '../../support/until.ts';

function messages(count: number, options: Partial<BatchMessage> = {}): BatchMessage[] {
  return Array.from({ length: count }, (_, index) => ({ deviceId: `lamp-${index}`, body: `${index}`, ...options }));
}

const idsOf = (results: BatchResult[]) => results.map(({ deviceId }) => deviceId);
const outcomesOf = (results: BatchResult[]) => new Set(results.map(({ outcome }) => outcome));
const linesOf = ({ batches }: BatchPod) => batches.flat().map(({ deviceId }) => deviceId);

describe('a batch', () => {
  it('goes to each owner in one request, and its results come in the order of the messages', async () => {
    const { client, own } = runClientWithEntries();
    const pods = await Promise.all(['127.0.0.4', '127.0.0.6', '127.0.0.7'].map((ip) => runBatchPod(delivered, ip)));
    const all = messages(500);
    for (const [index, { deviceId }] of all.entries()) own(deviceId, pods[index % 3]!);

    const results = await collected(client.batch(all));

    expect(idsOf(results)).toEqual(idsOf(all as unknown as BatchResult[]));
    expect(outcomesOf(results)).toEqual(new Set(['delivered']));
    expect(pods.map(({ batches }) => batches.length)).toEqual([1, 1, 1]);
    expect(linesOf(pods[0]!)).toEqual(idsOf(results).filter((_, index) => index % 3 === 0));
  });

  it('goes to one of any pods in one request', async () => {
    const pods = await Promise.all(['127.0.0.4', '127.0.0.6'].map((ip) => runBatchPod(delivered, ip)));
    const client = runClient({ pods: pods.map(({ base }) => base) });

    const results = await collected(client.batch(messages(100)));

    expect(outcomesOf(results)).toEqual(new Set(['delivered']));
    expect(pods.flatMap(({ batches }) => batches)).toHaveLength(1);
  });

  it('carries text, JSON and bytes, and the id', async () => {
    const pod = await runBatchPod();
    const client = runClient({ pods: [pod.base] });

    const results = await collected(
      client.batch([
        { deviceId: 'a', body: 'ä\n' },
        { deviceId: 'b', body: { on: true }, id: 'order-7' },
        { deviceId: 'c', body: Buffer.from([0, 255]), contentType: 'image/png' },
      ]),
    );

    expect(results.map(({ id }) => id)).toEqual([undefined, 'order-7', undefined]);
    expect(pod.batches).toEqual([
      [
        { deviceId: 'a', contentType: 'text/plain; charset=utf-8', data: 'ä\n' },
        { deviceId: 'b', contentType: 'application/json', data: '{"on":true}', id: 'order-7' },
        { deviceId: 'c', contentType: 'image/png', base64: 'AP8=' },
      ],
    ]);
  });

  it('says of each message what became of it', async () => {
    const said: Record<string, object> = {
      'lamp-0': { status: 404, code: 'not-connected' },
      'lamp-1': { status: 413, code: 'body-too-large' },
      'lamp-2': { status: 504, code: 'ack-timeout' },
      'lamp-4': { deviceId: null, status: 413, code: 'line-too-long', line: 5 },
      'lamp-3': { status: 200, traceId: 'a', podId: 'b' },
    };
    const pod = await runBatchPod(({ deviceId }) => ({ deviceId, ...said[deviceId] }));
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(5)));

    expect(results).toMatchObject([
      { outcome: 'offline' },
      { outcome: 'refused', status: 413, code: 'body-too-large' },
      { outcome: 'unknown', code: 'ack-timeout' },
      { outcome: 'delivered', traceId: 'a', podId: 'b', attempts: 1 },
      { outcome: 'refused', code: 'line-too-long' },
    ]);
  });

  it('of nothing has no results and makes no request', async () => {
    const pod = await runBatchPod();
    const client = runClient({ pods: [pod.base] });

    expect(await collected(client.batch([]))).toEqual([]);
    expect(pod.batches).toEqual([]);
  });

  it('goes on after a malformed message', async () => {
    const pod = await runBatchPod();
    const client = runClient({ pods: [pod.base] });
    const malformed = [null, { deviceId: 'a/b', body: 'x' }, { deviceId: 'a' }] as unknown as BatchMessage[];

    const results = await collected(client.batch([...malformed, { deviceId: 'lamp-1', body: 'x' }]));

    expect(results.slice(0, 3).map((result) => 'code' in result && result.code)).toEqual(
      malformed.map(() => 'bad-message'),
    );
    expect(results[3]).toMatchObject({ deviceId: 'lamp-1', outcome: 'delivered' });
  });

  it('tries again what was not delivered, by itself', async () => {
    const pod = await runBatchPod(({ deviceId }) => ({ deviceId, status: 503, code: 'backpressure' }));
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(3)));

    expect(results.map(({ outcome, attempts }) => [outcome, attempts])).toEqual(
      messages(3).map(() => ['delivered', 2]),
    );
    expect(pod.singles.toSorted()).toEqual(['/callback/lamp-0', '/callback/lamp-1', '/callback/lamp-2']);
  });

  it('keeps the messages of one device in order while its owner is looked up', async () => {
    const pod = await runBatchPod();
    const slowFirst: (() => void)[] = [];
    const entry = { v: 1, serverIp: pod.serverIp, port: pod.port, traceId: '0'.repeat(32), podId: 'pod', t: 1 };
    const get = () =>
      new Promise<string>((resolve) => {
        slowFirst.push(() => resolve(JSON.stringify(entry)));
        if (slowFirst.length === 5) for (const answer of slowFirst.toReversed()) answer();
      });
    const client = runClient({ redis: { get } });
    const five = Array.from({ length: 5 }, (_, index) => ({ deviceId: 'lamp-1', body: `${index}` }));

    await collected(client.batch(five));

    expect(pod.batches.flat().map(({ data }) => data)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('is not held up by a device that is waited for', async () => {
    const pod = await runBatchPod();
    const { client, own } = runClientWithEntries();
    own('here', pod);

    const results = client.batch(
      [
        { deviceId: 'offline', body: 'x' },
        { deviceId: 'here', body: 'x' },
      ],
      { reconnectWaitMs: 60_000 },
    );
    const first = results.next();
    await until(() => linesOf(pod).length > 0);
    own('offline', pod);

    expect((await first).value).toMatchObject({ deviceId: 'offline', outcome: 'delivered' });
    await results.return(undefined);
  });
});
