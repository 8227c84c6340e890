import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { createActor, fromCallback } from 'xstate';
import type { EmptiedEvent } from '../../machines/connections.ts';
import { connectionsLogic } from '../../machines/connections.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';

/** A supervisor with a parent that writes down what it hears. */
function startSupervisor() {
  const heard: EmptiedEvent[] = [];
  const inspected: InspectionEvent[] = [];
  const parent = createActor(
    fromCallback<EmptiedEvent>(({ receive }) => receive((event) => heard.push(event))),
  ).start();
  const supervisor = createActor(connectionsLogic, {
    input: { parent },
    inspect: (event) => inspected.push(event),
  }).start();
  const open = (traceId: string, failsAt?: ConnectionRecorder['failsAt']) => {
    const connection = new ConnectionRecorder(traceId);
    connection.failsAt = failsAt;
    supervisor.send({ type: 'open', connection });
    return connection;
  };
  const living = () => [...supervisor.getSnapshot().children.keys()];
  return { supervisor, heard, inspected, open, living };
}

describe('a birth', () => {
  test('starts the life of a connection, which knows its actor', () => {
    const { open, living } = startSupervisor();

    const connection = open('a');

    expect(living()).toEqual(['a']);
    expect(connection.calls).toEqual(['register']);
    expect(connection.actor?.getSnapshot().value).toEqual({ connecting: 'registering' });
  });

  test('gives the connection its actor before the first effect asks for it', () => {
    const { supervisor } = startSupervisor();
    class EarlyBird extends ConnectionRecorder {
      actorAtRegister: unknown;
      override register(): void {
        this.actorAtRegister = this.actor;
      }
    }
    const connection = new EarlyBird('a');

    supervisor.send({ type: 'open', connection });

    expect(connection.actorAtRegister).toBe(connection.actor);
    expect(connection.actor).toBeDefined();
  });

  test('makes a child of the same system, which inspection sees', () => {
    const { supervisor, open, inspected } = startSupervisor();

    const { actor } = open('a');

    const { _parent: parent } = actor!;
    expect(parent).toBe(supervisor);
    expect(actor?.system).toBe(supervisor.system);
    expect(inspected.filter(({ type, actorRef }) => type === '@xstate.actor' && actorRef === actor)).toHaveLength(1);
    expect(inspected.some(({ type, actorRef }) => type === '@xstate.snapshot' && actorRef === actor)).toBe(true);
  });
});

describe('a death', () => {
  test('is the end of that connection alone', () => {
    const { open, living } = startSupervisor();
    const first = open('a');
    const second = open('b');

    first.end();

    expect(living()).toEqual(['b']);
    expect(first.calls.at(-1)).toBe('ended kicked');
    expect(second.calls).toEqual(['register']);
  });

  test('copies nothing and leaves nothing behind', () => {
    const { supervisor, open } = startSupervisor();
    const before = supervisor.getSnapshot();
    const { children } = before;

    for (let i = 0; i < 100; i += 1) open(`trace-${i}`).end();

    expect(supervisor.getSnapshot()).toBe(before);
    expect(supervisor.getSnapshot().children).toBe(children);
    expect(children.size).toBe(0);
  });
});

describe('a crash', () => {
  test('is reported with its error to the connection it happened to', () => {
    const { open, living } = startSupervisor();
    const connection = open('a');

    connection.crash();

    expect(connection.crashes).toEqual([connection.failure]);
    expect(connection.actor?.getSnapshot().status).toBe('error');
    expect(living()).toEqual([]);
  });

  test('harms no sibling', () => {
    const { supervisor, open, living } = startSupervisor();
    const [before, broken, after] = [open('a'), open('b'), open('c')];

    broken.crash();

    expect(supervisor.getSnapshot().status).toBe('active');
    expect(living()).toEqual(['a', 'c']);
    for (const sibling of [before, after]) {
      sibling.actor?.send({ type: 'registry.registered' });
      expect(sibling.actor?.getSnapshot().value).toEqual({ registered: 'active' });
      expect(sibling.crashes).toEqual([]);
    }
  });

  test('in the very first effect is a crash like any other', () => {
    const { open, living } = startSupervisor();

    const connection = open('a', 'register');

    expect(connection.calls).toEqual(['register', 'crashed']);
    expect(connection.crashes).toEqual([connection.failure]);
    expect(living()).toEqual([]);
  });

  test('is a crash whatever was thrown, even nothing', () => {
    const { open, living } = startSupervisor();
    const connection = open('a');
    connection.failure = undefined;

    connection.crash();

    expect(connection.crashes).toEqual([undefined]);
    expect(living()).toEqual([]);
  });

  test('that cannot even be reported breaks the supervisor, and no sibling lives on under it', () => {
    const { supervisor, open } = startSupervisor();
    const sibling = open('sibling');
    const connection = open('a');
    connection.crashed = () => {
      throw connection.failure;
    };
    supervisor.subscribe({ error: () => {} });

    connection.crash();

    expect(supervisor.getSnapshot()).toMatchObject({ status: 'error', error: connection.failure });
    expect(sibling.actor?.getSnapshot().status).toBe('stopped');
  });

  test('is not reported of a connection that ends as it should', () => {
    const { open } = startSupervisor();
    const connection = open('a');

    connection.end();

    expect(connection.crashes).toEqual([]);
  });
});

describe('the parent hears that nobody is left', () => {
  const emptied = { type: 'connections.emptied' };

  test('when the last connection ends, and not before', () => {
    const { open, heard } = startSupervisor();
    const [first, last] = [open('a'), open('b')];

    first.end();
    const early = [...heard];
    last.end();

    expect(early).toEqual([]);
    expect(heard).toEqual([emptied]);
  });

  test('when the last connection crashes', () => {
    const { open, heard } = startSupervisor();

    open('a').crash();

    expect(heard).toEqual([emptied]);
  });

  test('when it asks for the count and there is nobody', () => {
    const { supervisor, heard } = startSupervisor();

    supervisor.send({ type: 'count' });

    expect(heard).toEqual([emptied]);
  });

  test('but has no answer to that question while somebody is there', () => {
    const { supervisor, open, heard } = startSupervisor();
    open('a');

    supervisor.send({ type: 'count' });

    expect(heard).toEqual([]);
  });
});

describe('a stop', () => {
  test('stops every connection, and asks none for effects', () => {
    const { supervisor, open } = startSupervisor();
    const connections = [open('a'), open('b'), open('c')];

    supervisor.stop();

    expect(connections.map(({ actor }) => actor?.getSnapshot().status)).toEqual(['stopped', 'stopped', 'stopped']);
    expect(connections.flatMap(({ calls }) => calls)).toEqual(['register', 'register', 'register']);
  });

  test('is not taken for the end of the last connection', () => {
    const { supervisor, open, heard } = startSupervisor();
    open('a');

    supervisor.stop();

    expect(heard).toEqual([]);
  });
});

test('after any births, ends and crashes exactly those live who neither ended nor crashed', () => {
  const act = fc.record({ act: fc.constantFrom('open', 'open', 'end', 'crash'), pick: fc.nat() });

  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const { supervisor, open, heard } = startSupervisor();
      const model = new Map<string, ConnectionRecorder>();
      let emptied = 0;

      for (const [index, { act: name, pick }] of acts.entries()) {
        const chosen = [...model.values()][pick % model.size];
        if (name === 'open') model.set(`trace-${index}`, open(`trace-${index}`));
        if (name === 'open' || !chosen) continue;
        chosen[name]();
        model.delete(chosen.traceId);
        if (model.size === 0) emptied += 1;
      }

      expect([...supervisor.getSnapshot().children]).toEqual([...model]);
      expect(heard).toHaveLength(emptied);
    }),
  );
});
