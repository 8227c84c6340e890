import { Agent } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import type { Answer, Question } from '../support/ask.ts';
import { ask } from '../support/ask.ts';
import { Device } from '../support/device.ts';
import type { PodAddresses } from '../support/process.ts';
import { startProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

const brisk = { IDLE_AFTER_MS: '200', DRAIN_SWEEPS: '3', DRAIN_INTERVAL_MS: '100' };
const callersEach = 15;
/** A caller that gets no processor for longer than the pod keeps an idle connection is reset: on a busy machine that may happen once. */
const patience = { retry: 2, timeout: 60_000 };

/** Asks the same again and again on a kept connection, as fast as the answers come, until it gets none. */
class Caller {
  readonly answers: Answer[] = [];
  /** Resolves with the code of what ended it. */
  readonly ended: Promise<string | undefined>;

  constructor(base: string, path: string, question: Question) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    this.ended = this.#run(() => ask(base, path, { ...question, agent }));
  }

  get lastConnection(): string | undefined {
    return this.answers.at(-1)?.headers.connection;
  }

  async #run(askAgain: () => Promise<Answer>): Promise<string | undefined> {
    try {
      for (;;) this.answers.push(await askAgain());
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  }
}

/** 30 callers of the callback listener, half of them of a device that is there, and 15 of the admin listener. All have had answers. */
async function startCallers({ callback, admin }: PodAddresses): Promise<Caller[]> {
  const post = { method: 'POST', body: 'hello' };
  const callers = Array.from({ length: callersEach }, () => [
    new Caller(callback, '/callback/lamp-1', post),
    new Caller(callback, '/callback/nobody', post),
    new Caller(admin, '/livez', {}),
  ]).flat();
  await until(() => callers.every(({ answers }) => answers.length >= 20));
  return callers;
}

it.each([
  ['without devices', []],
  ['with devices', ['lamp-1', 'lamp-2', 'lamp-3']],
])(
  'a pod %s that SIGTERM ends answers every request, says that it closes, and resets nobody',
  patience,
  async (_how, names) => {
    const pod = startProcess(brisk);
    const addresses = await pod.ready();
    await Promise.all(names.map((name) => Device.connect(addresses.device, name)));
    const callers = await startCallers(addresses);

    pod.signal('SIGTERM');
    const ends = await Promise.all(callers.map(({ ended }) => ended));

    expect(new Set(ends)).toEqual(new Set(['ECONNREFUSED']));
    expect(new Set(callers.map(({ lastConnection }) => lastConnection))).toEqual(new Set(['close']));
    expect(await pod.exited).toEqual({ code: 0, signal: null });
  },
);

it('a pod that /pre-stop drains answers that, and resets nobody either', patience, async () => {
  const pod = startProcess(brisk);
  const addresses = await pod.ready();
  await Device.connect(addresses.device, 'lamp-1');
  const callers = await startCallers(addresses);

  const { status, json } = await ask(addresses.admin, '/pre-stop');
  const ends = await Promise.all(callers.map(({ ended }) => ended));

  expect([status, json]).toEqual([200, expect.objectContaining({ outcome: 'drained' })]);
  expect(new Set(ends)).toEqual(new Set(['ECONNREFUSED']));
  expect(await pod.exited).toEqual({ code: 0, signal: null });
});
