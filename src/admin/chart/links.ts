import type { ChartState } from './chart.ts';
import type { RowedNode, Size } from './dagre.ts';
import { dotSize, sizeOfLabel } from './measure.ts';
import type { Plan } from './plan.ts';
import type { End, Segment } from './segments.ts';

/** A line of one level, by the nodes it joins: children, the dot where the level begins, or gates in its border. */
export interface Link {
  /** Undefined for the line from the dot. */
  segment: Segment | undefined;
  upper: string;
  lower: string;
  /** It leads from the lower end to the upper one. */
  isUpward: boolean;
  label: Size;
}

export interface LevelGraph {
  nodes: RowedNode[];
  links: Link[];
}

export const startId = '[*]';
const gatePrefix = 'gate ';
const nothing: Size = { width: 0, height: 0 };

/** A gate is a node of no size, above or below all children: an arrow has one wherever it crosses the border, or begins or ends at it. */
export function graphOf(level: ChartState, plan: Plan, sizeOf: (child: ChartState) => Size): LevelGraph {
  const rowOf = (child: ChartState) => plan.rows.get(child)! + 1;
  const lowest = Math.max(...level.children.map(rowOf));
  const nodes = level.children.map((child): RowedNode => ({ id: child.path, row: rowOf(child), ...sizeOf(child) }));
  const links: Link[] = [];
  if (level.initial) {
    nodes.push({ id: startId, row: rowOf(level.initial) - 1, width: dotSize, height: dotSize });
    links.push({ segment: undefined, upper: startId, lower: level.initial.path, isUpward: false, label: nothing });
  }
  for (const segment of plan.segments) {
    if (segment.level !== level) continue;
    const { arrow, source, target, isMain } = segment;
    const isUpward = plan.upward.has(arrow);
    const [upperEnd, lowerEnd] = isUpward ? [target, source] : [source, target];
    const nodeAt = (end: End, side: 'top' | 'bottom') => {
      if (end !== 'border') return end.path;
      const id = `${gatePrefix}${nodes.length}`;
      nodes.push({ id, row: side === 'top' ? 0 : lowest + 1, ...nothing });
      return id;
    };
    links.push({
      segment,
      upper: nodeAt(upperEnd, 'top'),
      lower: nodeAt(lowerEnd, 'bottom'),
      isUpward,
      label: isMain ? sizeOfLabel(arrow) : nothing,
    });
  }
  return { nodes, links };
}

export function isGate(id: string): boolean {
  return id.startsWith(gatePrefix);
}
