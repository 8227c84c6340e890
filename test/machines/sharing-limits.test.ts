import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import {
  SimulatedClock,
  assign,
  createActor,
  createMachine,
  enqueueActions,
  fromCallback,
  raise,
  spawnChild,
} from 'xstate';
import { sharing } from '../../machines/sharing.ts';

describe('a machine is refused', () => {
  const ping = fromCallback(() => {});
  const refused: [string, AnyStateMachine][] = [
    ['guards', createMachine({ id: 'top', on: { go: { guard: () => true } } })],
    ['guards', createMachine({ id: 'top', initial: 'a', states: { a: { on: { go: { guard: () => true } } } } })],
    ['guards', createMachine({ id: 'top', initial: 'a', states: { a: { on: { '*': [{ guard: 'some' }, {}] } } } })],
    [
      'guards',
      createMachine({
        id: 'top',
        initial: 'a',
        states: { a: { initial: 'b', states: { b: { type: 'final' } }, onDone: { guard: () => true } } },
      }),
    ],
    ['guards', createMachine({ id: 'top', after: { 10: { guard: () => true } } })],
    ['eventless transitions', createMachine({ id: 'top', initial: 'a', states: { a: { always: 'b' }, b: {} } })],
    ['invocations', createMachine({ id: 'top', invoke: { src: ping } })],
    ['invocations', createMachine({ id: 'top', initial: 'a', states: { a: { invoke: { src: ping } } } })],
    ['history', createMachine({ id: 'top', initial: 'a', states: { a: {}, b: { type: 'history' } } })],
    [
      'history',
      createMachine({
        id: 'top',
        type: 'parallel',
        states: { a: { initial: 'b', states: { b: {}, c: { type: 'history', history: 'deep' } } } },
      }),
    ],
  ];

  test.each(refused)('that has %s', (what, machine) => {
    const share = () => sharing(machine, () => ({}));

    expect(share).toThrow(TypeError);
    expect(share).toThrow(new RegExp(`^top.* has ${what}`));
  });
});

/** A machine that is refused stays as it is. */
function shareOrRefuse(machine: AnyStateMachine): AnyStateMachine {
  try {
    return sharing(machine, (input) => input as never) as unknown as AnyStateMachine;
  } catch (error) {
    if (error instanceof TypeError) return machine;
    throw error;
  }
}

interface OfContext {
  context: { x: number };
}

describe('a machine is refused, or does as the stock one does,', () => {
  const calls: unknown[] = [];
  const x = ({ input }: { input: { x: number } }) => input;
  const child = fromCallback(() => {});
  const name = ({ context }: OfContext) => `child-${context.x}`;
  const raised = Object.fromEntries([1, 2, 3].map((n) => [`of ${n}`, { actions: () => void calls.push(n) }]));
  /** Each does something that depends on more than its state and the type of the event. */
  const odd: [string, AnyStateMachine][] = [
    [
      'with parallel states',
      createMachine({
        context: x,
        type: 'parallel',
        states: {
          a: { initial: 'p', states: { p: { on: { go: 'q' } }, q: {} } },
          b: { initial: 'p', states: { p: { on: { go: 'q' } }, q: { on: { go: 'p' } } } },
        },
      }),
    ],
    [
      'with an assignment at the start',
      createMachine({ context: x, entry: assign({ x: ({ context }) => context.x + 1 }) }),
    ],
    [
      'with parameters at the start',
      createMachine(
        { context: x, entry: { type: 'note', params: ({ context }: OfContext) => context.x } },
        { actions: { note: (_, params) => void calls.push(params) } },
      ),
    ],
    [
      'that chooses its actions by the context',
      createMachine({
        context: x,
        on: {
          go: {
            actions: enqueueActions(({ context, enqueue }) => {
              if (context.x === 2) enqueue(() => void calls.push('two'));
            }),
          },
        },
      }),
    ],
    [
      'whose output is of its context',
      createMachine({
        context: x,
        initial: 'a',
        output: ({ context }) => context.x,
        states: { a: { on: { go: 'b' } }, b: { type: 'final' } },
      }),
    ],
    [
      'with an action when a state is done',
      createMachine({
        context: x,
        initial: 'a',
        states: {
          a: {
            initial: 'p',
            states: { p: { on: { go: 'q' } }, q: { type: 'final', output: ({ context }) => context.x } },
            onDone: { target: 'b', actions: ({ event }) => void calls.push([event.type, event.output]) },
          },
          b: {},
        },
      }),
    ],
    ['that spawns', createMachine({ context: x, on: { go: { actions: spawnChild(child, { id: name }) } } })],
    ['that spawns at the start', createMachine({ context: x, entry: spawnChild(child, { id: name }) })],
    [
      'that raises what it knows from its context',
      createMachine({
        context: x,
        on: { go: { actions: raise(({ context }) => ({ type: `of ${context.x}` })) }, ...raised },
      }),
    ],
    [
      'that raises it at the start',
      createMachine({ context: x, entry: raise(({ context }) => ({ type: `of ${context.x}` })), on: raised }),
    ],
    [
      'with a timer',
      createMachine({ context: x, initial: 'a', states: { a: { on: { go: 'b' } }, b: { after: { 10: 'c' } }, c: {} } }),
    ],
    [
      'with a timer at the start',
      createMachine({ context: x, initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } }),
    ],
  ];

  test.each(odd)('%s', (_, machine) => {
    const logic = shareOrRefuse(machine);
    const live = (which: AnyStateMachine) => {
      calls.length = 0;
      const snapshots = [1, 2, 3].map((value) => {
        const clock = new SimulatedClock();
        const actor = createActor(which, { clock, input: { x: value } }).start();
        actor.send({ type: 'go' });
        clock.increment(10);
        const { status, value: state, context, output, children } = actor.getSnapshot();
        return { status, state, context, output, children: Object.keys(children) };
      });
      return { snapshots, calls: [...calls] };
    };

    expect(live(logic)).toEqual(live(machine));
  });
});
