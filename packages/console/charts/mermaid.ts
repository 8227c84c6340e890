import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Transition } from './transitions.ts';
import { isInside, transitionsOf } from './transitions.ts';

interface Arrow {
  source: AnyStateNode;
  target: AnyStateNode;
  label: string;
}

/**
 * A statechart as a Mermaid `stateDiagram-v2`. Mermaid has no arrow from a state to its own inside, so what a compound state, or
 * the whole machine, does on behalf of its children is drawn at each child that does not handle it itself. What a state answers
 * without leaving it is not drawn.
 */
export function toMermaid({ root }: AnyStateMachine): string {
  const nodes = nodesBelow(root);
  const keys = nodes.map(({ key }) => key);
  const ids = new Map(nodes.map((node) => [node, isOnce(keys, node.key) ? node.key : node.path.join('_')]));
  const arrows = [root, ...nodes].flatMap((node) =>
    transitionsOf(node).flatMap((transition) => arrowsOf(transition, node)),
  );
  return ['stateDiagram-v2', ...block(root, arrows, ids).map((line) => `  ${line}`)].join('\n');
}

/** The lines of one compound state. An arrow stands in the innermost block that holds both of its ends. */
function block(node: AnyStateNode, arrows: Arrow[], ids: Map<AnyStateNode, string>): string[] {
  const children = Object.values(node.states);
  const lines = node.type === 'compound' ? node.initial.target.map((target) => `[*] --> ${ids.get(target)}`) : [];
  for (const child of children) {
    const id = ids.get(child)!;
    const name = id === child.key ? id : `"${child.key}" as ${id}`;
    if (Object.keys(child.states).length > 0) {
      lines.push(`state ${name} {`, ...block(child, arrows, ids).map((line) => `  ${line}`), '}');
    } else if (name !== id) lines.push(`state ${name}`);
  }
  const labels = new Map<string, Set<string>>();
  for (const { source, target, label } of arrows) {
    if (commonParent(source, target) !== node) continue;
    const ends = `${ids.get(source)} --> ${ids.get(target)}`;
    labels.set(ends, (labels.get(ends) ?? new Set()).add(label));
  }
  for (const [ends, events] of labels) lines.push(`${ends} : ${[...events].join(', ')}`);
  for (const child of children) if (child.type === 'final') lines.push(`${ids.get(child)} --> [*]`);
  return lines;
}

function nodesBelow(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...nodesBelow(child)]);
}

function isOnce(keys: readonly string[], key: string): boolean {
  return keys.indexOf(key) === keys.lastIndexOf(key);
}

/** From `source`, or from all that is inside it. */
function arrowsOf({ event, targets, label }: Transition, source: AnyStateNode): Arrow[] {
  return targets.flatMap((target) => {
    if (source.parent && !isInside(target, source)) return [{ source, target, label }];
    const heirs = Object.values(source.states).filter(
      ({ type, transitions }) => type !== 'final' && !transitions.has(event),
    );
    return heirs.flatMap((heir) => arrowsOf({ source: heir, event, targets: [target], actions: [], label }, heir));
  });
}

function commonParent(a: AnyStateNode, b: AnyStateNode): AnyStateNode {
  const parent = a.parent!;
  return isInside(b, parent) ? parent : commonParent(parent, b);
}
