import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Transition } from './transitions.ts';
import { transitionsOf } from './transitions.ts';

/** One state, as it is drawn. */
export interface ChartState {
  /** Dotted: `registered.idle`. Empty for the machine itself. */
  path: string;
  name: string;
  isFinal: boolean;
  parent: ChartState | undefined;
  children: ChartState[];
  /** The child it begins with; undefined when there is none, or when it is in all of them at once. */
  initial: ChartState | undefined;
  /** What it answers without becoming another state. */
  reactions: ChartLabel[];
}

export interface ChartLabel {
  /** The event's type as xstate has it. */
  event: string;
  text: string;
}

/** All transitions from one state to another one: one line, with a label for each. */
export interface ChartArrow {
  from: ChartState;
  to: ChartState;
  labels: ChartLabel[];
}

export interface Chart {
  root: ChartState;
  arrows: ChartArrow[];
}

/** What there is to draw of a machine. */
export function readChart({ root: node }: AnyStateMachine): Chart {
  const states = new Map<AnyStateNode, ChartState>();
  const root = readState(node, undefined, states);
  const arrows = new Map<string, ChartArrow>();
  for (const [source, from] of states) {
    for (const transition of transitionsOf(source)) {
      const ends = transition.targets.map((target) => states.get(target)!).filter((end) => end !== from);
      if (ends.length === 0) from.reactions.push(reaction(transition));
      for (const to of ends) addLabel(arrows, { from, to, labels: [] }, transition);
    }
  }
  return { root, arrows: [...arrows.values()] };
}

function readState(node: AnyStateNode, parent: ChartState | undefined, states: Map<AnyStateNode, ChartState>) {
  const state: ChartState = {
    path: node.path.join('.'),
    name: node.key,
    isFinal: node.type === 'final',
    parent,
    children: [],
    initial: undefined,
    reactions: [],
  };
  states.set(node, state);
  state.children = Object.values(node.states).map((child) => readState(child, state, states));
  if (node.type === 'compound') state.initial = states.get(node.initial.target[0]!);
  return state;
}

/** `closing.overdue / terminateSocket`, or `reset ↻` for what begins the state anew. */
function reaction({ event, label, targets, actions }: Transition): ChartLabel {
  const again = targets.length > 0 ? ' ↻' : '';
  return { event, text: `${label}${again}${actions.length > 0 ? ` / ${actions.join(', ')}` : ''}` };
}

function addLabel(arrows: Map<string, ChartArrow>, fresh: ChartArrow, { event, label: text }: Transition): void {
  const ends = `${fresh.from.path} ${fresh.to.path}`;
  const arrow = arrows.get(ends) ?? fresh;
  arrows.set(ends, arrow);
  arrow.labels.push({ event, text });
}
