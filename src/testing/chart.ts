/**
 * Walks a statechart. From the machine alone come the paths to replay: one to every state and one over every
 * transition from it. A replay runs a path on a real actor, and the chart remembers which of its states and transitions
 * any replay has reached.
 */
import type {
  AnyActor,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyTransitionDefinition,
  EventFromLogic,
  InputFrom,
  InspectedMicrostepEvent,
  InspectionEvent,
  SnapshotFrom,
} from 'xstate';
import { SimulatedClock, createActor, isMachineSnapshot } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap, getShortestPaths, getStateNodes } from 'xstate/graph';

/** Timers fire in steps of this, in ms: a step of the simulated clock fires a chain of timers only once. */
const tickMs = 100;

/** A walk over more transitions than this has lost its bounds, and throws. */
const walkLimit = 5000;

/** Made anew for every path. */
export interface ChartRecorder<TMachine extends AnyStateMachine> {
  /** What an actor that tells this recorder is made from. */
  readonly input: InputFrom<TMachine>;
  /** What the actor has asked for. */
  readonly calls: readonly string[];
}

export interface ChartOptions<TMachine extends AnyStateMachine> {
  record: (events: readonly AnyEventObject[]) => ChartRecorder<TMachine>;
  /** What happens to the machine. What it sends to itself (`xstate.after…`, `xstate.error…`) is added by the chart. */
  events: EventFromLogic<TMachine>[];
  /** What makes a state different from another, as text. It has to be bounded, or the walk has no end. */
  view: (snapshot: SnapshotFrom<TMachine>) => string;
}

export interface ChartPath {
  events: AnyEventObject[];
  /** The state the chart predicts, as `view` shows it. */
  end: string;
}

/** What a chart does with an event. `ignored`: it says `{}`, on purpose. `unsaid`: it says nothing about it. */
export type EventFate = 'heard' | 'ignored' | 'unsaid';

export interface Replay<TMachine extends AnyStateMachine> {
  calls: readonly string[];
  snapshot: SnapshotFrom<TMachine>;
  end: string;
  lastEvent: EventFate;
}

export class Chart<TMachine extends AnyStateMachine> {
  /** How many states can be reached, told apart by `view`. */
  readonly size: number;
  readonly paths: readonly ChartPath[];
  readonly #machine: AnyStateMachine;
  readonly #record: (events: readonly AnyEventObject[]) => ChartRecorder<TMachine>;
  readonly #view: (snapshot: AnyMachineSnapshot) => string;
  readonly #reached = new Set<unknown>();

  constructor(machine: TMachine, { record, events: given, view }: ChartOptions<TMachine>) {
    this.#machine = machine;
    this.#record = record;
    this.#view = (snapshot) => view(snapshot as SnapshotFrom<TMachine>);
    const walk = {
      input: record([]).input,
      events: [...given, ...ownEvents(machine)],
      serializeState: this.#view,
      limit: walkLimit,
      stopWhen: ({ status }: { status: string }) => status !== 'active',
    };
    const pathTo = new Map<string, AnyEventObject[]>();
    for (const { state, steps } of getShortestPaths<AnyStateMachine>(machine, walk)) {
      const events = steps.slice(1).map(({ event }) => event); // the first is xstate.init
      pathTo.set(this.#view(state), events);
    }
    const edges = adjacencyMapToArray(getAdjacencyMap<AnyMachineSnapshot, AnyEventObject, unknown>(machine, walk));
    this.size = pathTo.size;
    this.paths = [
      { events: [], end: this.#view(edges[0]!.state) },
      ...edges.map(({ state, event, nextState }) => ({
        events: [...pathTo.get(this.#view(state))!, event],
        end: this.#view(nextState),
      })),
    ];
  }

  /** Runs a path on a new actor under a simulated clock. */
  replay({ events }: Pick<ChartPath, 'events'>): Replay<TMachine> {
    const { input, calls } = this.#record(events);
    const clock = new SimulatedClock();
    let fate: EventFate = 'heard';
    const inspect = (inspected: InspectionEvent) => {
      this.#note(inspected);
      if (inspected.type === '@xstate.microstep') fate = fateIn(inspected);
    };
    const actor = createActor(this.#machine, { clock, input, inspect }).start();
    for (const event of events) step(actor, clock, event);
    const snapshot = actor.getSnapshot();
    const replay = { snapshot: snapshot as SnapshotFrom<TMachine>, end: this.#view(snapshot), lastEvent: fate, calls };
    actor.stop();
    return replay;
  }

  /** Those whose last event has this fate. */
  pathsTo(fate: EventFate): ChartPath[] {
    return this.paths.filter((path) => this.replay(path).lastEvent === fate);
  }

  /** The states and transitions that no replay has reached so far. */
  get unreached(): string[] {
    const states = getStateNodes(this.#machine).filter((node) => !this.#reached.has(node));
    const transitions = transitionsOf(this.#machine).filter((transition) => !this.#reached.has(transition));
    return [...states.map(({ id }) => id), ...transitions.map(nameOf)];
  }

  #note(inspected: InspectionEvent): void {
    if (inspected.type === '@xstate.snapshot' && isMachineSnapshot(inspected.snapshot)) {
      const { _nodes: nodes } = inspected.snapshot;
      for (const node of nodes) this.#reached.add(node);
    }
    if (inspected.type === '@xstate.microstep') {
      const { _transitions: transitions } = inspected;
      for (const transition of transitions) this.#reached.add(transition);
    }
  }
}

/** What is on the actor's scheduler comes by the clock, all else is sent. */
function step(actor: AnyActor, clock: SimulatedClock, event: AnyEventObject): void {
  const timers = () => {
    const { _scheduledEvents: scheduled } = actor.system.getSnapshot();
    return Object.values(scheduled);
  };
  const timer = timers().find((scheduled) => scheduled.event.type === event.type);
  if (!timer) {
    actor.send(event);
    return;
  }
  while (timers().includes(timer)) clock.increment(tickMs);
}

function fateIn({ _transitions: taken }: InspectedMicrostepEvent): EventFate {
  if (taken.length === 0) return 'unsaid';
  return taken.every(({ target, actions }) => !target && actions.length === 0) ? 'ignored' : 'heard';
}

function transitionsOf(machine: AnyStateMachine): AnyTransitionDefinition[] {
  return [machine.root, ...getStateNodes(machine)].flatMap(({ transitions }) => [...transitions.values()].flat());
}

function ownEvents(machine: AnyStateMachine): AnyEventObject[] {
  const types = transitionsOf(machine).map(({ eventType }) => eventType);
  return [...new Set(types)].filter((type) => type.startsWith('xstate.')).map((type) => ({ type }));
}

function nameOf({ source, eventType, guard, target }: AnyTransitionDefinition): string {
  const when = guard === undefined ? '' : ` [${JSON.stringify(guard)}]`;
  return `${source.id} --${eventType}${when}--> ${target?.map(({ id }) => id).join(', ') ?? '(stays)'}`;
}
