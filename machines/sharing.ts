/**
 * Runs one chart for very many actors.
 *
 * Most of what xstate makes at a step is the same for all actors in the same state: the list of actions, and the snapshot but
 * for its context. Here such a step is worked out once, by xstate's own pure functions, and kept: another actor's same step
 * is a look into a table, and all an actor has of its own is one flat copy of the snapshot with its context in it. The chart,
 * its snapshots and their inspection are the same, except that a kept step reports no `@xstate.microstep`.
 *
 * A step that changes the context or has an action with parameters is left to the chart every time. Every step to another state,
 * of either kind, is told to `onMove` by one value that all actors share, so that watching them costs next to nothing.
 */
import type {
  ActorLogic,
  AnyActorLogic,
  AnyActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  ContextFrom,
  EventFromLogic,
  ExecutableActionObject,
  InputFrom,
  SnapshotFrom,
  StateValue,
} from 'xstate';
import { initialTransition, transition } from 'xstate';

/** A step from one state to another. There is one value for each, whoever takes it. */
export interface Move {
  /** Undefined: the actor has just begun. */
  readonly from: StateValue | undefined;
  readonly to: StateValue;
  /** The event's type. */
  readonly event: string;
}

/** What xstate sends to an actor that is to stop. */
const stopped = 'xstate.stop';

/** What all actors in one state have in common. */
interface SharedState {
  /** Without a context, which is each actor's own. */
  snapshot: AnyMachineSnapshot;
  /** By the event's type. */
  steps: Map<string, Step>;
}

interface Step {
  to: SharedState;
  /** Undefined: left to the chart. */
  actions: ExecutableActionObject[] | undefined;
  /** Undefined: it stays where it is. */
  move: Move | undefined;
}

export interface SharedLogic<TMachine extends AnyStateMachine> extends ActorLogic<
  SnapshotFrom<TMachine>,
  EventFromLogic<TMachine>,
  InputFrom<TMachine>
> {}

/**
 * The logic of `machine`, shared. `contextOf` is what the machine makes its own context by. `onMove` hears of every move before its
 * actions are performed, and may not throw.
 * Throws a TypeError when a step of the machine may depend on more than its state and the type of the event.
 */
export function sharing<TMachine extends AnyStateMachine>(
  machine: TMachine,
  contextOf: (input: InputFrom<TMachine>) => ContextFrom<TMachine>,
  onMove: (context: ContextFrom<TMachine>, move: Move) => void = () => {},
): SharedLogic<TMachine> {
  requireShareable(machine.root);
  const states = new SharedStates(machine);
  const logic: AnyActorLogic = {
    config: machine.config,

    getInitialSnapshot(scope: AnyActorScope, input: InputFrom<TMachine>) {
      const { to, actions, move } = states.start(input);
      const context = contextOf(input);
      const snapshot = withContext(to, context);
      onMove(context, move!);
      perform(actions!, snapshot, { type: 'xstate.init', input }, scope);
      return snapshot;
    },

    transition(snapshot: AnyMachineSnapshot, event: AnyEventObject, scope: AnyActorScope) {
      const from = states.of(snapshot);
      if (event.type === stopped) return machine.transition(snapshot, event, scope);
      const { to, actions, move } = states.step(from, snapshot, event);
      if (move) onMove(snapshot.context, move);
      if (!actions) return withContext(to, machine.transition(snapshot, event, scope).context);
      perform(actions, snapshot, event, scope);
      return move ? withContext(to, snapshot.context) : snapshot;
    },

    getPersistedSnapshot: (snapshot, options) => machine.getPersistedSnapshot(snapshot, options),
  };
  return logic;
}

/** The table: states as they are reached, steps as they are taken, none of them ever twice. */
class SharedStates {
  readonly #machine: AnyStateMachine;
  readonly #byName = new Map<string, SharedState>();
  readonly #byValue = new Map<StateValue, SharedState>();
  #start: Step | undefined;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** The shared form of the state that this snapshot is in. */
  of(snapshot: AnyMachineSnapshot): SharedState {
    return this.#byValue.get(snapshot.value) ?? this.#named(snapshot);
  }

  start(input: unknown): Step {
    if (!this.#start) {
      const [snapshot, actions] = initialTransition(this.#machine, input);
      const to = this.of(snapshot);
      this.#start = { to, actions, move: { from: undefined, to: to.snapshot.value, event: 'xstate.init' } };
    }
    return this.#start;
  }

  step(from: SharedState, snapshot: AnyMachineSnapshot, event: AnyEventObject): Step {
    let step = from.steps.get(event.type);
    if (!step) {
      step = this.#workOut(from, snapshot, event);
      from.steps.set(event.type, step);
    }
    return step;
  }

  #workOut(from: SharedState, snapshot: AnyMachineSnapshot, event: AnyEventObject): Step {
    const [next, actions] = transition(this.#machine, snapshot, event);
    const isKept = next.context === snapshot.context && actions.every(isPlain);
    const to = this.of(next);
    const move = to === from ? undefined : { from: from.snapshot.value, to: to.snapshot.value, event: event.type };
    return { to, actions: isKept ? actions : undefined, move };
  }

  /** xstate makes a new `value` at every step; shared snapshots have the one of the first. */
  #named(snapshot: AnyMachineSnapshot): SharedState {
    const name = JSON.stringify(snapshot.value);
    let state = this.#byName.get(name);
    if (!state) {
      state = { snapshot: { ...snapshot, context: undefined }, steps: new Map() };
      this.#byName.set(name, state);
      this.#byValue.set(snapshot.value, state);
    }
    return state;
  }
}

function withContext({ snapshot }: SharedState, context: unknown): AnyMachineSnapshot {
  return { ...snapshot, context };
}

/** One info for all the actions of a step, as the chart would give each. */
function perform(
  actions: ExecutableActionObject[],
  { context }: AnyMachineSnapshot,
  event: AnyEventObject,
  scope: AnyActorScope,
): void {
  if (actions.length === 0) return;
  const info = { context, event, self: scope.self, system: scope.system };
  for (const { type, exec } of actions) scope.actionExecutor({ type, info, params: undefined, exec });
}

function isPlain({ params }: ExecutableActionObject): boolean {
  return params === undefined;
}

/** `isStart`: every actor begins in this state. */
function requireShareable(node: AnyStateNode, isStart = true): void {
  const transitions = [...node.transitions.values()].flat();
  const atStart = isStart ? [...node.entry, ...(node.initial?.actions ?? [])] : [];
  const actions = [...node.entry, ...node.exit, ...transitions.flatMap((one) => [...one.actions])];
  const without: Record<string, boolean> = {
    guards: transitions.some(({ guard }) => guard !== undefined),
    'eventless transitions': (node.always?.length ?? 0) > 0,
    invocations: node.invoke.length > 0,
    history: node.type === 'history',
    output: node.output !== undefined,
    'timers, or transitions when a state is done': transitions.some(({ eventType }) => eventType.startsWith('xstate.')),
    'actions of xstate’s own but assign': actions.some(
      (action) => !['', 'xstate.assign'].includes(ownType(node, action)),
    ),
    'assignments or parameters at the start': atStart.some(
      (action) => ownType(node, action) !== '' || hasParams(action),
    ),
  };
  for (const [what, found] of Object.entries(without)) {
    if (found) throw new TypeError(`${node.id} has ${what}: its steps cannot be shared`);
  }
  for (const child of Object.values(node.states)) {
    const isInitial = node.type === 'parallel' || (node.initial?.target.includes(child) ?? false);
    requireShareable(child, isStart && isInitial);
  }
}

/** `xstate.assign`, `xstate.raise` and so on; empty for an action that is a plain function. */
function ownType({ machine }: AnyStateNode, action: unknown): string {
  const name = typeof action === 'object' && action !== null && 'type' in action ? String(action.type) : action;
  const run: unknown = typeof name === 'string' ? machine.implementations.actions[name] : name;
  return typeof run === 'function' && 'resolve' in run && 'type' in run ? String(run.type) : '';
}

function hasParams(action: unknown): boolean {
  return typeof action === 'object' && action !== null && 'params' in action;
}
