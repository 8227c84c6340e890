import type { Chart, ChartArrow, ChartState } from './chart.ts';
import { assignRows } from './dagre.ts';
import type { Segment } from './segments.ts';
import { cutIntoSegments } from './segments.ts';

/** What is known of a chart's layout before anything has a place. */
export interface Plan {
  segments: Segment[];
  /** The row of each state among those with the same parent, from 0 at the top. */
  rows: Map<ChartState, number>;
  /** The arrows that lead back up; all others lead down. */
  upward: Set<ChartArrow>;
}

export function planChart(chart: Chart): Plan {
  const segments = cutIntoSegments(chart);
  const rows = new Map(statesIn(chart.root).flatMap((level) => [...rowsWithin(level, segments)]));
  const upward = new Set<ChartArrow>();
  for (const { arrow, source, target, isMain } of segments) {
    if (!isMain || source === 'border' || target === 'border') continue;
    if (rows.get(source)! > rows.get(target)!) upward.add(arrow);
  }
  return { segments, rows, upward };
}

function statesIn(state: ChartState): ChartState[] {
  return [state, ...state.children.flatMap(statesIn)];
}

/**
 * What a level does as a whole, whichever child it is in, leads to its target from all children defined before it: so a chart
 * reads downward in the order it is written in.
 */
function rowsWithin(level: ChartState, segments: readonly Segment[]): [ChartState, number][] {
  const { children } = level;
  const edges = segments.flatMap(({ level: drawnIn, source, target }): [string, string][] => {
    if (drawnIn !== level || target === 'border') return [];
    const before = children.slice(0, children.indexOf(target)).filter(({ isFinal }) => !isFinal);
    const sources = source === 'border' ? before : [source];
    return sources.map(({ path }) => [path, target.path]);
  });
  const rows = assignRows(
    children.map(({ path }) => path),
    edges,
  );
  return children.map((child) => [child, rows.get(child.path)!]);
}
