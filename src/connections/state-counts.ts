import type { StateValue } from 'xstate';
import type { Move } from '../../machines/sharing.ts';
import { stateName } from '../../machines/state-name.ts';

/** How often connections changed from one state to another since the start of the pod. */
export interface Flow {
  /** The state with dots, such as `registered.idle`. Null at the beginning of a connection. */
  from: string | null;
  to: string;
  /** The event that caused the change. */
  event: string;
  count: number;
}

/** Counts the connections in every state and on every transition of their chart, as they go: nobody has to walk over them. */
export class StateCounts {
  readonly #present = new Map<StateValue, number>();
  readonly #moves = new Map<Move, number>();

  moved(move: Move): void {
    this.#moves.set(move, (this.#moves.get(move) ?? 0) + 1);
    if (move.from !== undefined) this.#add(move.from, -1);
    this.#add(move.to, 1);
  }

  /** A connection with this last move has ended. */
  ended({ to }: Move): void {
    this.#add(to, -1);
  }

  countByState(): Map<string, number> {
    const present = [...this.#present].filter(([, count]) => count > 0);
    return new Map(present.map(([state, count]) => [stateName(state), count]));
  }

  flows(): Flow[] {
    return [...this.#moves].map(([{ from, to, event }, count]) => ({
      from: from === undefined ? null : stateName(from),
      to: stateName(to),
      event,
      count,
    }));
  }

  #add(state: StateValue, count: number): void {
    this.#present.set(state, (this.#present.get(state) ?? 0) + count);
  }
}
