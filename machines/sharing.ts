/**
 * Runs one chart for many thousand actors at low cost.
 *
 * Most results of a step are the same for all actors in the same state: the list of actions, and the snapshot except its context.
 * This logic computes such a step once, with the pure functions of xstate, and keeps it in a table. For the next actor the step is a
 * lookup in that table. Each actor has only a flat copy of the snapshot, with its own context. The chart, its snapshots and their
 * inspection are the same as without sharing, except that a kept step reports no `@xstate.microstep`.
 *
 * The chart computes a step anew if the step changes the context or has an action with parameters. The logic reports every change of
 * state to `onMove`, with a value that all actors share. So it costs very little to watch the actors.
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

/** A step from one state to another. All actors that take the same step share one value. */
export interface Move {
  /** Undefined if the actor has just started. */
  readonly from: StateValue | undefined;
  readonly to: StateValue;
  /** The event's type. */
  readonly event: string;
}

/** The event that xstate sends to an actor to stop it. */
const stopped = 'xstate.stop';

/** What all actors in the same state share. */
interface SharedState {
  /** The snapshot without a context, because each actor has its own. */
  snapshot: AnyMachineSnapshot;
  /** The known steps from this state, by the type of the event. */
  steps: Map<string, Step>;
}

interface Step {
  to: SharedState;
  /** Undefined if the chart must compute the step each time. */
  actions: ExecutableActionObject[] | undefined;
  /** Undefined if the state does not change. */
  move: Move | undefined;
}

export interface SharedLogic<TMachine extends AnyStateMachine> extends ActorLogic<
  SnapshotFrom<TMachine>,
  EventFromLogic<TMachine>,
  InputFrom<TMachine>
> {}

/**
 * The shared logic of `machine`. `contextOf` creates the context from the input, as the machine does. `onMove` is called for every change
 * of state, before its actions run. It must not throw.
 * Throws a TypeError if a step of the machine can depend on more than its state and the type of the event.
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

/** The table of shared states and steps. It is filled when an actor reaches a state or takes a step for the first time. */
class SharedStates {
  readonly #machine: AnyStateMachine;
  readonly #byName = new Map<string, SharedState>();
  readonly #byValue = new Map<StateValue, SharedState>();
  #start: Step | undefined;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** The shared state of this snapshot. */
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

  /** Finds a state by name. xstate creates a new `value` at every step, but shared snapshots keep the first one. */
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

/** Runs the actions of a step with the same arguments that the chart would give them. */
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

/** Throws a TypeError if a step from this state, or from one below it, cannot be shared. `isStart`: actors start in this state. */
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

/** `xstate.assign`, `xstate.raise` and so on. Empty for an action that is a plain function. */
function ownType({ machine }: AnyStateNode, action: unknown): string {
  const name = typeof action === 'object' && action !== null && 'type' in action ? String(action.type) : action;
  const run: unknown = typeof name === 'string' ? machine.implementations.actions[name] : name;
  return typeof run === 'function' && 'resolve' in run && 'type' in run ? String(run.type) : '';
}

function hasParams(action: unknown): boolean {
  return typeof action === 'object' && action !== null && 'params' in action;
}
