import type { AnyStateMachine, AnyStateNode } from 'xstate';

interface Arrow {
  source: AnyStateNode;
  target: AnyStateNode;
  label: string;
}

/**
 * A statechart as a Mermaid `stateDiagram-v2`. Mermaid has no arrow from a state to its own inside, so what a compound state
 * handles on behalf of its children is drawn at each child that does not handle it itself.
 */
export function toMermaid({ root }: AnyStateMachine): string {
  return ['stateDiagram-v2', ...block(root, arrowsBelow(root)).map((line) => `  ${line}`)].join('\n');
}

/** The lines of one compound state. An arrow stands in the innermost block that holds both of its ends. */
function block(node: AnyStateNode, arrows: Arrow[]): string[] {
  const children = Object.values(node.states);
  const lines = node.initial.target.map(({ key }) => `[*] --> ${key}`);
  for (const child of children) {
    if (isCompound(child)) lines.push(`state ${child.key} {`, ...block(child, arrows).map((line) => `  ${line}`), '}');
  }
  const labels = new Map<string, Set<string>>();
  for (const { source, target, label } of arrows) {
    if (commonParent(source, target) !== node) continue;
    const ends = `${source.key} --> ${target.key}`;
    labels.set(ends, (labels.get(ends) ?? new Set()).add(label));
  }
  for (const [ends, events] of labels) lines.push(`${ends} : ${[...events].join(', ')}`);
  for (const { type, key } of children) if (type === 'final') lines.push(`${key} --> [*]`);
  return lines;
}

function arrowsBelow(node: AnyStateNode): Arrow[] {
  return Object.values(node.states).flatMap((child) => [...arrowsAt(child), ...arrowsBelow(child)]);
}

/** What this state does, and what its parent does for it with a target among the parent's children. */
function arrowsAt(node: AnyStateNode): Arrow[] {
  if (node.type === 'final') return [];
  const own = transitions(node).filter(({ target }) => !isInside(target, node));
  const inherited = transitions(node.parent!).filter(
    ({ event, target }) => isInside(target, node.parent!) && !node.transitions.has(event),
  );
  return [...own, ...inherited].map(({ target, label }) => ({ source: node, target, label }));
}

function transitions(node: AnyStateNode): { event: string; target: AnyStateNode; label: string }[] {
  return [...node.transitions].flatMap(([event, candidates]) =>
    candidates.flatMap(({ target, guard }) =>
      (target ?? []).map((end) => ({ event, target: end, label: `${eventName(event)}${guardName(guard)}` })),
    ),
  );
}

function isCompound(node: AnyStateNode): boolean {
  return Object.keys(node.states).length > 0;
}

function isInside(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  return node.parent !== undefined && (node.parent === ancestor || isInside(node.parent, ancestor));
}

function commonParent(a: AnyStateNode, b: AnyStateNode): AnyStateNode {
  const parent = a.parent!;
  return isInside(b, parent) ? parent : commonParent(parent, b);
}

/** `xstate.after.deadline.pod.draining` → `after deadline`; `xstate.error.actor.connections` → `connections failed`. */
function eventName(event: string): string {
  const [, kind, what, actor] = /^xstate\.(after|error)\.([^.]+)(?:\.([^.]+))?/.exec(event) ?? [];
  if (kind === 'after') return `after ${what}`;
  return kind === 'error' ? `${actor} failed` : event;
}

function guardName(guard: unknown): string {
  if (guard === undefined) return '';
  return ` [${typeof guard === 'string' ? guard : (guard as { type: string }).type}]`;
}
