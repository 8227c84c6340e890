import type { ChartArrow, ChartState } from './chart.ts';
import type { Arrangement, Point, Size } from './dagre.ts';
import { arrange } from './dagre.ts';
import type { Stop } from './line.ts';
import type { LevelGraph, Link } from './links.ts';
import { graphOf, isGate, startId } from './links.ts';
import { padding, sizeOfHead } from './measure.ts';
import type { Plan } from './plan.ts';
import { route } from './route.ts';
import type { Segment } from './segments.ts';

/** A state with all that is in it. Places are relative to its upper left corner. */
export interface Level extends Size {
  state: ChartState;
  /** Where its head begins, from the left: no line crosses it. */
  headX: number;
  children: { level: Level; at: Point }[];
  /** Where it begins: the middle of a dot, and the line from there. */
  start: { dot: Point; line: Stop[] } | undefined;
  lines: Map<Segment, Stop[]>;
  /** The upper left corners of the labels. */
  labels: Map<ChartArrow, Point>;
  /** Where an arrow crosses the border, or begins or ends at it, from the left. */
  gates: Map<ChartArrow, number>;
}

export function layOutLevel(state: ChartState, plan: Plan): Level {
  const head = sizeOfHead(state);
  const level: Level = {
    ...head,
    state,
    headX: padding,
    children: [],
    start: undefined,
    lines: new Map(),
    labels: new Map(),
    gates: new Map(),
  };
  if (state.children.length > 0) fill(level, head, plan);
  return level;
}

function fill(level: Level, head: Size, plan: Plan): void {
  const levels = new Map(level.state.children.map((child) => [child.path, layOutLevel(child, plan)]));
  const graph = graphOf(level.state, plan, ({ path }) => levels.get(path)!);
  const arrangement = arrangeBelow(head, graph);
  level.width = Math.max(head.width, arrangement.width + 2 * sidesOf(graph));
  level.height = head.height + arrangement.height + padding;
  for (const [id, child] of levels) {
    level.children.push({ level: child, at: cornerOf(arrangement.nodes.get(id)!, child) });
  }
  const gatesOf = (id: string) => levels.get(id)?.gates ?? new Map<ChartArrow, number>();
  const lines = route({ graph, arrangement, height: level.height, gatesOf });
  for (const [index, link] of graph.links.entries()) {
    addLine(level, link, lines.get(link)!);
    if (link.segment?.isMain)
      level.labels.set(link.segment.arrow, cornerOf(arrangement.edges[index]!.label, link.label));
  }
  if (level.start) level.start.dot = arrangement.nodes.get(startId)!;
  const crossings = graph.links.filter(({ upper }) => isGate(upper)).map((link) => topOf(link, lines.get(link)!));
  level.headX = clearOf(crossings, head.width - 2 * padding);
  level.width = Math.max(level.width, level.headX + head.width - padding);
}

/** What is left free at each side. Beyond a gate there is room for a line that begins at the border itself, and need not cross another. */
function sidesOf({ nodes }: LevelGraph): number {
  return nodes.some(({ id }) => isGate(id)) ? 2 * padding : padding;
}

/** In the middle below a head. */
function arrangeBelow(head: Size, graph: LevelGraph): Arrangement {
  const { width, height, ...arrangement } = arrange(
    graph.nodes,
    graph.links.map(({ upper: from, lower: to, label }) => ({ from, to, label })),
  );
  const left = Math.max(sidesOf(graph), (head.width - width) / 2);
  const move = ({ x, y }: Point) => ({ x: x + left, y: y + head.height });
  return {
    width,
    height,
    nodes: new Map([...arrangement.nodes].map(([id, point]) => [id, move(point)])),
    edges: arrangement.edges.map(({ bends, label }) => ({ bends: bends.map(move), label: move(label) })),
  };
}

function addLine(level: Level, { segment, upper, lower, isUpward }: Link, line: Stop[]): void {
  if (!segment) {
    level.start = { dot: { x: 0, y: 0 }, line };
    return;
  }
  level.lines.set(segment, line);
  const isFirst = isGate(upper) !== isUpward; // the stop at the gate
  if (isGate(upper) || isGate(lower)) level.gates.set(segment.arrow, line.at(isFirst ? 0 : -1)!.x);
}

function topOf({ isUpward }: Link, line: readonly Stop[]): number {
  return line.at(isUpward ? -1 : 0)!.x;
}

function cornerOf({ x, y }: Point, { width, height }: Size): Point {
  return { x: x - width / 2, y: y - height / 2 };
}

/** The first place from the left where something as wide as this is not crossed. */
function clearOf(crossings: readonly number[], width: number): number {
  const places = [padding, ...crossings.map((x) => x + padding).sort((a, b) => a - b)];
  return places.find((left) => crossings.every((x) => x < left - 4 || x > left + width + 4))!;
}
