import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import { terminate } from '../../src/rehearse/kubelet.ts';
import type { Exit, Termination, TerminationReport } from '../../src/rehearse/kubelet.ts';

const stepMs = 100;

interface Script extends Partial<Termination> {
  /** Signals that do not end it. */
  ignores?: string[];
  hookMs?: number;
}

/** A container that writes down what it is told and when, and ends at the first signal it does not ignore. */
function record({ ignores = [], hookMs = 1000, ...options }: Script = {}) {
  const clock = new SimulatedClock();
  const events: [at: number, what: string][] = [];
  const note = (what: string) => void events.push([clock.now(), what]);
  let exit: (exit: Exit) => void;
  const exited = new Promise<Exit>((resolve) => (exit = resolve));
  const termination: Termination = {
    container: {
      exited,
      signal(name) {
        note(name);
        if (!ignores.includes(name)) exit({ code: name === 'SIGTERM' ? 0 : null, signal: null });
      },
    },
    preStop: () => {
      note('hook');
      return new Promise((resolve) => clock.setTimeout(() => resolve('whatever'), hookMs));
    },
    removeEndpoint: () => note('endpoint gone'),
    hook: 'once',
    lagMs: 300,
    graceMs: 5000,
    clock,
    ...options,
  };
  return { clock, events, termination, end: (code: number) => exit({ code, signal: null }) };
}

/** Lets the time pass until it is over. */
async function play({ clock, termination }: ReturnType<typeof record>) {
  let report: TerminationReport | undefined;
  void terminate(termination).then((over) => (report = over));
  for (;;) {
    await setImmediate();
    if (report) return report;
    clock.increment(stepMs);
  }
}

it('the endpoint begins to go and the hook is called at the same time; SIGTERM follows the hook', async () => {
  const recorded = record();

  const report = await play(recorded);

  expect(recorded.events).toEqual([
    [0, 'hook'],
    [300, 'endpoint gone'],
    [1000, 'SIGTERM'],
  ]);
  expect(report).toMatchObject({ hook: 'answered', hookMs: 1000, exit: { code: 0 }, overGrace: false });
});

it('the hook counts against the grace: SIGKILL comes at its end', async () => {
  const recorded = record({ ignores: ['SIGTERM'], hookMs: 2500 });

  const report = await play(recorded);

  expect(recorded.events.slice(2)).toEqual([
    [2500, 'SIGTERM'],
    [5000, 'SIGKILL'],
  ]);
  expect(report).toMatchObject({ hook: 'answered', overGrace: true });
});

it('a hook that takes the whole grace leaves 2 s from SIGTERM to SIGKILL', async () => {
  const recorded = record({ ignores: ['SIGTERM'], hookMs: 60_000 });

  const report = await play(recorded);

  expect(recorded.events.slice(2)).toEqual([
    [5000, 'SIGTERM'],
    [7000, 'SIGKILL'],
  ]);
  expect(report).toMatchObject({ hook: 'unfinished', overGrace: true });
});

it('who ends within these 2 s is over its grace all the same', async () => {
  const recorded = record({ hookMs: 60_000 });

  const report = await play(recorded);

  expect(report).toMatchObject({ hook: 'unfinished', exit: { code: 0 }, overGrace: true });
});

it('a hook that nobody answers is followed by SIGTERM at once', async () => {
  const recorded = record({ preStop: () => Promise.reject(new Error('refused')) });

  const report = await play(recorded);

  expect(recorded.events[0]).toEqual([0, 'SIGTERM']);
  expect(report.hook).toBe('failed');
});

it('without a hook SIGTERM is the first thing the container hears', async () => {
  const recorded = record({ hook: 'never' });

  const report = await play(recorded);

  expect(recorded.events[0]).toEqual([0, 'SIGTERM']);
  expect(report.hook).toBe('none');
});

it('a hook that is delivered twice is waited for twice', async () => {
  const recorded = record({ hook: 'twice' });

  await play(recorded);

  expect(recorded.events.map(([, what]) => what)).toEqual(['hook', 'hook', 'endpoint gone', 'SIGTERM']);
});

it('the hook is called off when the grace is over', async () => {
  let wasCalledOff = false;
  const recorded = record({
    preStop: (signal: AbortSignal) => {
      signal.addEventListener('abort', () => (wasCalledOff = true));
      return new Promise(() => {});
    },
  });

  await play(recorded);

  expect(wasCalledOff).toBe(true);
});
