import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { unrouted } from '../../src/http/problem.ts';
import { Connections } from '../../src/connections/connections.ts';
import type { Answer } from '../support/ask.ts';
import { ask } from '../support/ask.ts';
import type { RedisServer } from '../support/redis.ts';
import { startRedis } from '../support/redis.ts';
import { runPod } from '../support/running.ts';
import { playCallbackScene } from '../support/walk/callback-scene.ts';
import { furtherSteps, shownSteps } from '../support/walk/callback-steps.ts';
import type { Send } from '../support/walk/senders.ts';
import { createSendByCurl, isCurlHere, sendByNode } from '../support/walk/senders.ts';
import { documented, verify } from '../support/walk/documented.ts';
import { statusOf } from '../support/walk/step.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const senders: [string, () => Promise<Send> | Send][] = [['this process', () => sendByNode]];
if (isCurlHere) senders.push(['curl', createSendByCurl]);

const allSteps = [...shownSteps, ...furtherSteps];
/** The frozen device is closed after 10 s: it comes first. */
const steps = [
  ...allSteps.filter(({ answer }) => answer === 'backpressure'),
  ...allSteps.filter(({ answer }) => answer !== 'backpressure'),
];

it.each(senders)(
  'services get every answer that is documented and no other, sent by %s',
  { timeout: 60_000 },
  async (_by, create) => {
    const send = await create();
    const bases = await playCallbackScene(redis);
    const produced = new Set<string>();

    for (const step of steps) {
      const answer = await send(bases[step.to], step.request);
      expect.soft(outcomeOf(answer), JSON.stringify(step)).toEqual(expectedOf(step.answer, answer));
      produced.add(verify('callback', step.request, answer));
    }

    const outside = Object.values(unrouted).map(({ code }) => code);
    const told = [...produced].filter((line) => !outside.some((code) => line.endsWith(code)));
    expect(told.toSorted()).toEqual(documented('callback').toSorted());
  },
);

it('a fault of ours is the answer that is documented for everything else', async () => {
  const pod = await runPod();
  vi.spyOn(Connections.prototype, 'get').mockImplementationOnce(() => {
    throw new Error('a bug');
  });

  const answer = await ask(pod.callback, '/connections/lamp-1');

  expect(verify('callback', { path: '/connections/lamp-1' }, answer)).toContain('500 internal-error');
});

function outcomeOf({ status, json }: Answer): unknown[] {
  return [status, (json as { code?: string } | undefined)?.code];
}

/** The code stands in the body, which HEAD has none of. */
function expectedOf(answer: (typeof shownSteps)[number]['answer'], { body }: Answer): unknown[] {
  return [statusOf({ answer }), typeof answer === 'number' || body.length === 0 ? undefined : answer];
}
