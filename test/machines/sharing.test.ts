import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { assign, createActor, initialTransition, setup } from 'xstate';
import type { ConnectionEffects, ConnectionEvent } from '../../machines/connection.ts';
import { connectionLogic, connectionMachine } from '../../machines/connection.ts';
import { closedByPeer, kicked, protocolError, restarting } from '../../machines/disconnect.ts';
import { sharing } from '../../machines/sharing.ts';
import { Chart } from '../../src/testing/chart.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';

const registered: ConnectionEvent = { type: 'registry.registered' };
const unregistered: ConnectionEvent = { type: 'registry.unregistered' };
const idle: ConnectionEvent = { type: 'connection.idle' };
const close: ConnectionEvent = { type: 'close', disconnect: restarting };
const gone: ConnectionEvent = { type: 'socket.closed', disconnect: closedByPeer(1001) };

const events: ConnectionEvent[] = [
  registered,
  unregistered,
  idle,
  close,
  gone,
  { type: 'close', disconnect: kicked },
  { type: 'socket.failed', disconnect: protocolError },
  { type: 'registry.failed' },
  { type: 'connection.superseded' },
  { type: 'acks.settled' },
  { type: 'registry.unregisterFailed' },
  { type: 'connection.active' },
  { type: 'peer.silent' },
  { type: 'token.expired' },
  { type: 'peer.overdue' },
  { type: 'leave', disconnect: kicked },
  { type: 'pod.stalled' },
];

type Logic = typeof connectionLogic;

/** The chart of connections shared by nobody so far. */
function shareAnew(): Logic {
  return sharing(connectionMachine, (input) => initialTransition(connectionMachine, input)[0].context);
}

/** The stock chart, where a shared one is asked for. */
const stock = connectionMachine as unknown as Logic;

/** What can be seen of an inspected event, but for whose it is. A kept step has no microsteps. */
function visible(inspected: InspectionEvent): unknown {
  const { actorRef: _, rootId: __, ...rest } = inspected;
  return 'sourceRef' in rest ? { ...rest, sourceRef: undefined } : rest;
}

/** Lives through the events, and returns all that anybody can see of that. */
function watch(logic: Logic, lived: readonly ConnectionEvent[], effects = new ConnectionRecorder()) {
  const notified: unknown[] = [];
  const inspected: unknown[] = [];
  const inspect = (event: InspectionEvent) => {
    if (event.type !== '@xstate.microstep') inspected.push([visible(event), [...effects.calls]]);
  };
  const actor = createActor(logic, { input: { effects }, inspect });
  actor.subscribe({ next: (snapshot) => notified.push(snapshot), error: (error) => notified.push(error) });
  const look = () => {
    const snapshot = actor.getSnapshot();
    return {
      snapshot,
      persisted: actor.getPersistedSnapshot(),
      json: JSON.stringify(snapshot),
      can: events.map((event) => snapshot.can(event)),
      tags: (['open', 'registered', 'active', 'idle'] as const).map((tag) => snapshot.hasTag(tag)),
      matches: [
        snapshot.matches('connecting'),
        snapshot.matches('registered'),
        snapshot.matches({ closing: 'disconnecting' }),
      ],
      calls: [...effects.calls],
    };
  };
  const seen = [look()];
  actor.start();
  for (const event of lived) {
    seen.push(look());
    actor.send(event);
  }
  seen.push(look());
  actor.stop();
  seen.push(look());
  return { seen, notified, inspected };
}

/** Answers in the middle of the effect what it is asked for. */
class EagerRecorder extends ConnectionRecorder {
  answer: (event: ConnectionEvent) => void = () => {};

  override register(): void {
    super.register();
    this.answer(registered);
  }

  override unregister(): void {
    this.answer(unregistered);
    super.unregister();
  }
}

describe('a shared chart of connections', () => {
  const chart = new Chart(connectionMachine, {
    record: () => new ConnectionRecorder(),
    events,
    view: ({ value, context }) => JSON.stringify([value, context.disconnect.reason]),
  });

  test('shows the same as the stock one on every path, to the first actor on it and to the next', () => {
    expect(chart.paths.length).toBeGreaterThan(150);
    for (const { events: path } of chart.paths) {
      const lived = path as ConnectionEvent[];
      const logic = shareAnew();
      const expected = watch(stock, lived);

      expect(watch(logic, lived)).toEqual(expected);
      expect(watch(logic, lived)).toEqual(expected);
      expect(watch(connectionLogic, lived)).toEqual(expected);
    }
  });

  test('shows the same as the stock one whatever happened to others before', () => {
    const lives = fc.array(fc.array(fc.constantFrom(...events), { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(lives, (chosen) => {
        const logic = shareAnew();

        for (const lived of chosen) expect(watch(logic, lived)).toEqual(watch(stock, lived));
      }),
    );
  });

  test('shows the same when actors take turns', () => {
    const step = fc.record({ whose: fc.nat(2), event: fc.constantFrom(...events) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const logic = shareAnew();
        const start = (which: Logic) =>
          [0, 1, 2].map(() => {
            const effects = new ConnectionRecorder();
            return { effects, actor: createActor(which, { input: { effects } }).start() };
          });
        const [shared, plain] = [start(logic), start(stock)];

        for (const { whose, event } of steps) for (const actors of [shared, plain]) actors[whose]!.actor.send(event);

        const ends = (actors: typeof shared) =>
          actors.map(({ effects, actor }) => [actor.getSnapshot(), effects.calls]);
        expect(ends(shared)).toEqual(ends(plain));
      }),
    );
  });

  test('shows the same when an effect answers before it returns', () => {
    const logic = shareAnew();
    const live = (which: Logic) => {
      const effects = new EagerRecorder();
      const states: unknown[] = [];
      const actor = createActor(which, { input: { effects } });
      effects.answer = (event) => {
        states.push(actor.getSnapshot().value);
        actor.send(event);
        states.push(actor.getSnapshot().value);
      };
      actor.start();
      actor.send(close);
      return { states, calls: effects.calls, snapshot: { ...actor.getSnapshot(), context: undefined } };
    };
    const expected = live(stock);

    expect([live(logic), live(logic)]).toEqual([expected, expected]);
    expect(expected.calls).toEqual(['register', 'welcome registered', 'unregister', 'closeSocket restarting']);
  });

  test.each(['register', 'welcome', 'unregister', 'closeSocket', 'ended'] as const)(
    'shows the same when %s throws, which fails that actor alone',
    (effect) => {
      const life = [registered, idle, close, unregistered, gone];
      const logic = shareAnew();
      const fail = (which: Logic) => {
        const recorder = new ConnectionRecorder();
        recorder.failsAt = effect;
        return watch(which, life, recorder);
      };
      const sibling = createActor(logic, { input: { effects: new ConnectionRecorder() } }).start();
      const expected = [fail(stock), watch(stock, life)];

      expect([fail(logic), watch(logic, life), fail(logic)]).toEqual([...expected, expected[0]]);
      expect(expected[0]!.seen.at(-1)!.snapshot).toMatchObject({ status: 'error' });
      for (const event of life) sibling.send(event);
      expect(sibling.getSnapshot().status).toBe('done');
    },
  );

  test('is stopped without effects, and hears nothing after that', () => {
    const effects = new ConnectionRecorder();
    const actor = createActor(connectionLogic, { input: { effects } }).start();
    actor.send(registered);

    actor.stop();
    actor.send(close);

    expect(actor.getSnapshot()).toMatchObject({ status: 'stopped', value: { registered: 'active' } });
    expect(effects.calls).toEqual(['register', 'welcome registered']);
  });

  test('is inspected as what it is: the same definition', () => {
    expect(connectionLogic.config).toBe(connectionMachine.config);
  });
});

describe('two actors in one state', () => {
  const pairs = [
    ['connecting', []],
    ['registered and active', [registered]],
    ['registered and idle', [registered, idle]],
    ['closing', [registered, close]],
    ['closing by another way', [close]],
    ['disconnecting', [close, unregistered]],
    ['unregistered', [close, unregistered, gone]],
  ] as const;

  test.each(pairs)('share all but their context: %s', (_, lived) => {
    const [one, other] = [0, 1].map(() => {
      const effects = new ConnectionRecorder();
      const actor = createActor(connectionLogic, { input: { effects } }).start();
      for (const event of lived) actor.send(event);
      return { effects, snapshot: actor.getSnapshot() };
    });

    expect(one!.snapshot).not.toBe(other!.snapshot);
    expect(one!.snapshot.value).toBe(other!.snapshot.value);
    expect(one!.snapshot.tags).toBe(other!.snapshot.tags);
    expect(one!.snapshot.context).not.toBe(other!.snapshot.context);
    for (const { effects, snapshot } of [one!, other!]) expect(snapshot.context.effects).toBe(effects);
  });

  test('share it by whatever way they came', () => {
    const valueAfter = (...lived: ConnectionEvent[]) => {
      const actor = createActor(connectionLogic, { input: { effects: new ConnectionRecorder() } }).start();
      for (const event of lived) actor.send(event);
      return actor.getSnapshot().value;
    };

    expect(valueAfter(close)).toBe(valueAfter(registered, idle, gone));
    expect(valueAfter(registered)).toBe(valueAfter(registered, idle, { type: 'connection.active' }));
  });

  test('keep each its own cause of the end', () => {
    const causes = [restarting, kicked].map((disconnect) => {
      const effects = new ConnectionRecorder();
      const actor = createActor(connectionLogic, { input: { effects } }).start();
      for (const event of [{ type: 'close', disconnect } as const, unregistered, gone]) actor.send(event);
      return [effects.calls.at(-1), actor.getSnapshot().context.disconnect];
    });

    expect(causes).toEqual([
      ['ended restarting', restarting],
      ['ended kicked', kicked],
    ]);
  });
});

test('a snapshot is not copied for an event that changes nothing', () => {
  const effects: ConnectionEffects = new ConnectionRecorder();
  const actor = createActor(connectionLogic, { input: { effects } }).start();
  actor.send({ type: 'registry.failed' });
  const before = actor.getSnapshot();

  actor.send({ type: 'registry.failed' });

  expect(actor.getSnapshot()).toBe(before);
});

interface Note {
  what: string;
  x: number;
}

/** Writes down what its actions see. `n` is of the event, `x` of the input. */
const noting = setup({
  types: {
    context: {} as { notes: Note[]; x: number; sum: number },
    input: {} as { x: number },
    events: {} as { type: 'plain' | 'params' | 'assign' | 'both' | 'move'; n: number },
  },
  actions: {
    noteStart: ({ context, event }) => void context.notes.push({ what: JSON.stringify(event), x: context.x }),
    note: ({ context, event, self }) => {
      const { n } = event;
      context.notes.push({ what: `${event.type} ${n} in ${JSON.stringify(self.getSnapshot().value)}`, x: context.x });
    },
    noteParams: ({ context }, n: number) => void context.notes.push({ what: `params ${n}`, x: context.x }),
    add: assign(({ context }, n: number) => ({ sum: context.sum + n })),
    addOfEvent: assign(({ context, event }) => ({ sum: context.sum + event.n })),
  },
}).createMachine({
  id: 'noting',
  context: ({ input: { x } }) => ({ notes: [], x, sum: 0 }),
  initial: 'here',
  on: {
    plain: { actions: 'note' },
    params: { actions: { type: 'noteParams', params: ({ event, context }) => event.n * context.x } },
    assign: { actions: ['addOfEvent', 'note'] },
    both: { target: '.there', actions: [{ type: 'add', params: ({ event }) => event.n }, 'note'] },
  },
  states: {
    here: { entry: 'noteStart', on: { move: { target: 'there', actions: 'note' } } },
    there: { on: { move: 'here' } },
  },
});

describe('a step', () => {
  const shareNoting = () => sharing(noting, ({ x }) => ({ notes: [], x, sum: 0 }));

  test.each(['plain', 'params', 'assign', 'both', 'move'] as const)(
    'sees its own event, context and actor every time: %s',
    (type) => {
      const logic = shareNoting();
      const start = (x: number) => {
        const actors = [createActor(logic, { input: { x } }), createActor(noting, { input: { x } })];
        return actors.map((actor) => actor.start());
      };
      const [two, three] = [start(2), start(3)];

      for (const n of [1, 10, 100]) {
        for (const actors of [two, three]) for (const actor of actors) actor.send({ type, n });
      }

      for (const [shared, plain] of [two, three]) {
        const { notes, sum } = plain!.getSnapshot().context;
        expect(shared!.getSnapshot()).toEqual(plain!.getSnapshot());
        expect(notes.length + sum).toBeGreaterThan(3); // the start, and something of each event
      }
    },
  );
});
