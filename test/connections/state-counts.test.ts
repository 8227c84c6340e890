import fc from 'fast-check';
import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import type { ConnectionEvent } from '../../machines/connection.ts';
import { connectionLogic } from '../../machines/connection.ts';
import { closedByPeer, kicked } from '../../machines/disconnect.ts';
import { stateName } from '../../machines/state-name.ts';
import type { Move } from '../../machines/sharing.ts';
import { StateCounts } from '../../src/connections/state-counts.ts';
import { ConnectionRecorder } from '../../src/testing/connection-recorder.ts';

const events: ConnectionEvent[] = [
  { type: 'registry.registered' },
  { type: 'registry.failed' },
  { type: 'pod.stalled' },
  { type: 'registry.unregistered' },
  { type: 'connection.idle' },
  { type: 'connection.active' },
  { type: 'peer.overdue' },
  { type: 'leave', disconnect: kicked },
  { type: 'close', disconnect: kicked },
  { type: 'socket.closed', disconnect: closedByPeer(1000) },
];

/** Tells the traffic what a connection tells it. */
class Traveller extends ConnectionRecorder {
  #last: Move | undefined;
  readonly #stateCounts: StateCounts;

  constructor(stateCounts: StateCounts) {
    super();
    this.#stateCounts = stateCounts;
  }

  moved(move: Move): void {
    this.#last = move;
    this.#stateCounts.moved(move);
  }

  override ended(): void {
    this.#stateCounts.ended(this.#last!);
  }
}

function start(stateCounts: StateCounts) {
  return createActor(connectionLogic, { input: { effects: new Traveller(stateCounts) } }).start();
}

describe('the traffic of a pod', () => {
  it('has as many in every state as are there, whatever happens to whom', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(4), fc.constantFrom(...events)), { maxLength: 60 }), (happened) => {
        const stateCounts = new StateCounts();
        const actors = Array.from({ length: 5 }, () => start(stateCounts));

        for (const [whom, event] of happened)
          if (actors[whom]!.getSnapshot().status === 'active') actors[whom]!.send(event);

        const there = new Map<string, number>();
        for (const actor of actors) {
          const { status, value } = actor.getSnapshot();
          if (status === 'active') there.set(stateName(value), (there.get(stateName(value)) ?? 0) + 1);
        }
        expect(stateCounts.countByState()).toEqual(there);
      }),
    );
  });

  it('has every transition with the event that made it, and how often', () => {
    const stateCounts = new StateCounts();
    const [first, second] = [start(stateCounts), start(stateCounts)];

    for (const actor of [first, second]) actor.send({ type: 'registry.registered' });
    for (const type of ['connection.idle', 'connection.active', 'connection.idle'] as const) first.send({ type });
    second.send({ type: 'connection.active' }); // it is already

    expect(stateCounts.flows()).toEqual([
      { from: null, to: 'connecting.registering', event: 'xstate.init', count: 2 },
      { from: 'connecting.registering', to: 'registered.active', event: 'registry.registered', count: 2 },
      { from: 'registered.active', to: 'registered.idle', event: 'connection.idle', count: 2 },
      { from: 'registered.idle', to: 'registered.active', event: 'connection.active', count: 1 },
    ]);
  });

  it('is that of one pod and no other', () => {
    const [mine, other] = [new StateCounts(), new StateCounts()];

    start(mine);

    expect([mine.countByState().size, other.countByState().size]).toEqual([1, 0]);
  });
});
