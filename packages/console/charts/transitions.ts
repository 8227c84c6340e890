import type { AnyStateNode } from 'xstate';

/** One way a state answers an event. */
export interface Transition {
  source: AnyStateNode;
  /** The event's type as xstate has it, empty for a transition that needs none. */
  event: string;
  /** None when the state stays what it is and only acts. */
  targets: readonly AnyStateNode[];
  actions: readonly string[];
  /** The event and what it depends on, for people: `sweep.due [sweepsLeft]`, `after deadline`. */
  label: string;
}

/** What a state does itself, in the order of its definition; what it ignores on purpose (`{}`) is left out. */
export function transitionsOf(source: AnyStateNode): Transition[] {
  const candidates = [...source.transitions.values(), source.always ?? []];
  return candidates.flatMap((choices) =>
    choices.flatMap(({ eventType: event, target, actions, guard }, index) => {
      const names = actions.map(nameOf);
      const when = guard === undefined ? (index === 0 ? '' : ' [else]') : ` [${nameOf(guard)}]`;
      if (!target && names.length === 0) return [];
      return [{ source, event, targets: target ?? [], actions: names, label: `${eventName(event)}${when}` }];
    }),
  );
}

export function isInside(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  return node.parent !== undefined && (node.parent === ancestor || isInside(node.parent, ancestor));
}

/** `xstate.after.deadline.pod.draining` → `after deadline`; `xstate.error.actor.connections` → `connections failed`. */
function eventName(event: string): string {
  const [, kind, what, actor] = /^xstate\.(after|done|error)\.([^.]+)(?:\.([^.]+))?/.exec(event) ?? [];
  if (kind === 'after') return `after ${/^\d+$/.test(what!) ? `${what} ms` : what}`;
  if (kind === 'error') return `${actor} failed`;
  if (kind === 'done') return what === 'state' ? 'done' : `${actor} done`;
  if (event === '*') return 'anything else';
  return event || 'at once';
}

/** Of an action or a guard. */
function nameOf(it: unknown): string {
  if (typeof it === 'string') return it;
  const { type, name } = it as { type?: string; name?: string };
  return type ?? name ?? 'inline';
}
