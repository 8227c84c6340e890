import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PodClient } from '@ws-connect/callback-client/internal/pod-client';
import type { BatchMessage, BatchResult } from '@ws-connect/callback-client';
import { Batch } from '../../../packages/callback-client/src/batch.ts';
import { Deadline } from '../../../packages/callback-client/src/deadline.ts';
import { createMessage } from '../../../packages/callback-client/src/message.ts';
import { answerProblem } from '../../support/callback-answers.ts';
import type { BatchPod } from '../../support/batch-pod.ts';
import { delivered, runBatchPod } from '../../support/batch-pod.ts';
import { runClient } from '../../support/callback-clients.ts';
import { collected } from '../../support/collected.ts';
import { flood } from '../../support/flood.ts';
import { freePort } from '../../support/free-port.ts';
import { fakeOwner, strangeOwner } from '../../support/owners.ts';
import type { OwnerEntry } from '../../support/owners.ts';
import { until } from '../../support/until.ts';

function messages(count: number, options: Partial<BatchMessage> = {}): BatchMessage[] {
  return Array.from({ length: count }, (_, index) => ({ deviceId: `lamp-${index}`, body: `${index}`, ...options }));
}

const outcomesOf = (results: BatchResult[]) => new Set(results.map(({ outcome }) => outcome));
const linesOf = ({ batches }: BatchPod) => batches.flat().map(({ deviceId }) => deviceId);

/** Lets everything under way in this process go on for a while. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await setImmediate();
}

/** Sends to lamp-1 in a batch whose requests take lines for 50 ms. */
function begin({ serverIp, port }: OwnerEntry, silentMs = 10_000) {
  const client = new PodClient();
  const batch = new Batch({ client, token: undefined, silentMs, maxAgeMs: 50 });
  const deadline = new Deadline(10_000);
  onTestFinished(() => {
    deadline.dispose();
    client.close();
  });
  const to = { address: serverIp, port, podId: undefined, name: 'pod' };
  const send = (text: string) => batch.next().post(to, createMessage('lamp-1', text, {}), deadline);
  return { send, batch };
}

describe('a batch whose request', () => {
  it('breaks leaves its unanswered messages in doubt', async () => {
    const pod = await runBatchPod((line, response) => {
      if (line.deviceId === 'lamp-3') response.socket!.resetAndDestroy();
      return delivered(line);
    });
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(6)));

    expect(outcomesOf(results.slice(3))).toEqual(new Set(['unknown']));
    expect(results[5]).toMatchObject({ code: 'no-answer', attempts: 1 });
    expect(pod.singles).toEqual([]);
  });

  it('breaks has its idempotent messages sent again, with their ids', async () => {
    const pod = await runBatchPod((_line, response) => void response.socket!.resetAndDestroy());
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(3, { id: 'order-7' })));

    expect(outcomesOf(results)).toEqual(new Set(['delivered']));
    expect(pod.singles.toSorted()).toEqual([0, 1, 2].map((index) => `/callback/lamp-${index}?id=order-7`));
  });

  it('is silent is given up, and what is unanswered is in doubt', async () => {
    const { serverIp, port } = await fakeOwner(() => {});
    const client = runClient({ pods: [`http://${serverIp}:${port}`], answerTimeoutMs: 100 });

    const results = await collected(client.batch(messages(3)));

    for (const result of results) expect(result).toMatchObject({ outcome: 'unknown', code: 'timed-out' });
  });

  it.each([
    ['blank lines', '\n', 'no-answer'],
    ['a line without an end', 'x', 'timed-out'],
  ])('is answered with %s, a byte now and then, is given up', async (_what, byte, code) => {
    const { serverIp, port } = await strangeOwner((request, response) => {
      const timer = setInterval(() => response.write(byte), 20);
      request.socket.once('close', () => clearInterval(timer));
    });
    const client = runClient({ pods: [`http://${serverIp}:${port}`], answerTimeoutMs: 2000 });

    const results = await collected(client.batch(messages(2)));

    for (const result of results) expect(result).toMatchObject({ outcome: 'unknown', code });
  });

  it('is answered without an end is given up', async () => {
    const { serverIp, port } = await strangeOwner((_request, response) => flood(response, 'x'));
    const client = runClient({ pods: [`http://${serverIp}:${port}`] });

    const results = await collected(client.batch(messages(2)));

    for (const result of results) expect(result).toMatchObject({ outcome: 'unknown', code: 'no-answer' });
  });

  it('is answered for another device is given up', async () => {
    const pod = await runBatchPod(() => ({ deviceId: 'stranger', status: 200 }));
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(2)));

    for (const result of results) expect(result).toMatchObject({ outcome: 'unknown', code: 'no-answer' });
  });

  it('ends before all is answered leaves the rest in doubt', async () => {
    const pod = await runBatchPod((_line, response) => void response.end());
    const client = runClient({ pods: [pod.base] });

    const results = await collected(client.batch(messages(2)));

    expect(outcomesOf(results)).toEqual(new Set(['unknown']));
  });

  it('is refused as a whole is a refusal for each message', async () => {
    const { serverIp, port } = await fakeOwner((_, response) => answerProblem(response, 401, 'bad-token'));
    const client = runClient({ pods: [`http://${serverIp}:${port}`] });

    const results = await collected(client.batch(messages(3)));

    for (const result of results) expect(result).toMatchObject({ outcome: 'refused', status: 401, code: 'bad-token' });
  });

  it('reaches nobody has delivered nothing', async () => {
    const client = runClient({ pods: [`http://127.0.0.1:${await freePort()}`] });

    const results = await collected(client.batch(messages(3), { deadlineMs: 200 }));

    for (const result of results) expect(result).toMatchObject({ outcome: 'unavailable', code: 'pod-unreachable' });
  });
});

describe('the memory of a batch is bounded', () => {
  it('no more messages are taken than may be under way while the pod does not answer', async () => {
    const pod = await runBatchPod(() => undefined);
    const client = runClient({ pods: [pod.base] });
    let taken = 0;
    const endless = function* () {
      for (;;) yield { deviceId: `lamp-${(taken += 1)}`, body: 'x' };
    };

    const results = client.batch(endless(), { atOnce: 7 });
    const first = results.next();
    await until(() => linesOf(pod).length >= 7);
    client.close();
    await first;

    expect(linesOf(pod)).toHaveLength(7);
    await results.return(undefined);
  });

  it('nor while nobody reads the results', async () => {
    const pod = await runBatchPod();
    const client = runClient({ pods: [pod.base] });
    let taken = 0;
    const endless = function* () {
      for (;;) yield { deviceId: `lamp-${(taken += 1)}`, body: 'x' };
    };

    const results = client.batch(endless(), { atOnce: 7 });
    await results.next();
    await until(() => linesOf(pod).length >= 8);
    await settle();

    expect(taken).toBe(8);
    await results.return(undefined);
  });
});

describe('a batch ends', () => {
  it('with the signal, and breaks its requests off', async () => {
    const pod = await runBatchPod(() => undefined);
    const client = runClient({ pods: [pod.base] });
    const abort = new AbortController();
    const results = collected(client.batch(messages(3), { signal: abort.signal }));
    await until(() => linesOf(pod).length >= 3);

    abort.abort(new Error('enough'));

    await expect(results).rejects.toThrow('enough');
  });

  it('when the client is closed: what was not answered is in doubt, what was not sent is not', async () => {
    const pod = await runBatchPod(() => undefined);
    const client = runClient({ pods: [pod.base] });
    const results = collected(client.batch(messages(5), { atOnce: 3 }));
    await until(() => linesOf(pod).length >= 3);

    client.close();

    expect((await results).map((result) => [result.outcome, 'code' in result && result.code])).toEqual([
      ...[1, 2, 3].map(() => ['unknown', 'closed']),
      ...[4, 5].map(() => ['unavailable', 'closed']),
    ]);
  });
});

describe('a batch that lasts', () => {
  it('goes on in another request', async () => {
    const pod = await runBatchPod();
    const { send, batch } = begin(pod);

    await Promise.all(['1', '2'].map(send));
    await until(() => pod.ended === 1);
    await Promise.all(['3', '4'].map(send));
    await batch.end();
    await until(() => pod.ended === 2);

    expect(pod.batches.map((lines) => lines.map(({ data }) => data))).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  it('does so although the one before is answered and does not end', async () => {
    let ended = 0;
    const pod = await strangeOwner((request, response) => {
      request.once('data', () => response.write('{"deviceId":"lamp-1","status":200}\n'));
      request.once('end', () => (ended += 1));
    });
    const { send } = begin(pod, 2000);
    await send('1');
    await until(() => ended === 1);

    const { answer } = await send('2');

    expect(answer.status).toBe(200);
    expect(pod.requests).toHaveLength(2);
  });

  it('does so only once the one before is answered', async () => {
    const requestsAtAnswers: number[] = [];
    const owner = await fakeOwner((_, response) => {
      setTimeout(() => {
        requestsAtAnswers.push(owner.requests.length);
        response.end(`${JSON.stringify({ deviceId: 'lamp-1', status: 200 })}\n`);
      }, 200); // longer than the next request would take lines
    });
    const { send } = begin(owner);

    const first = send('1');
    await until(() => owner.requests.length === 1);
    await Promise.all([first, send('2')]);

    expect(requestsAtAnswers).toEqual([1, 2]);
  });
});
