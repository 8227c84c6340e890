import type { Chart, ChartArrow, ChartState } from './chart.ts';
import type { Point, Size } from './dagre.ts';
import type { Level } from './level.ts';
import { layOutLevel } from './level.ts';
import type { Stop } from './line.ts';
import { shifted } from './line.ts';
import { planChart } from './plan.ts';
import type { Segment } from './segments.ts';

/** By its upper left corner. */
export interface PlacedState extends Point, Size {
  state: ChartState;
  /** Where the head begins. */
  headX: number;
  start: { dot: Point; line: Stop[] } | undefined;
}

export interface PlacedArrow {
  arrow: ChartArrow;
  line: Stop[];
  /** The upper left corner of its labels. */
  label: Point;
}

export interface Layout extends Size {
  /** Each before those inside it. */
  states: PlacedState[];
  arrows: PlacedArrow[];
}

/**
 * Gives all of a chart a place, in px. Each state is laid out by itself, from the inside out, and is one box for the state
 * around it: dagre knows nested boxes, but no line from one to a box inside another.
 */
export function layOutChart(chart: Chart): Layout {
  const plan = planChart(chart);
  const root = layOutLevel(chart.root, plan);
  const layout: Layout = { width: root.width, height: root.height, states: [], arrows: [] };
  const lines = new Map<Segment, Stop[]>();
  const labels = new Map<ChartArrow, Point>();
  const place = (level: Level, at: Point) => {
    layout.states.push(placeState(level, at));
    for (const [segment, line] of level.lines) lines.set(segment, shifted(line, at));
    for (const [arrow, label] of level.labels) labels.set(arrow, sum(label, at));
    for (const child of level.children) place(child.level, sum(child.at, at));
  };
  place(root, { x: 0, y: 0 });
  for (const arrow of chart.arrows) {
    const segments = plan.segments.filter((segment) => segment.arrow === arrow);
    const line = segments.flatMap((segment) => lines.get(segment)!);
    layout.arrows.push({ arrow, line, label: labels.get(arrow)! });
  }
  return layout;
}

function placeState({ state, width, height, headX, start }: Level, at: Point): PlacedState {
  return {
    ...at,
    state,
    width,
    height,
    headX: at.x + headX,
    start: start && { dot: sum(start.dot, at), line: shifted(start.line, at) },
  };
}

function sum(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}
