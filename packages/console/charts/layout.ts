import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import Elk from 'elkjs/lib/elk.bundled.js';
import type { Chart, ChartArrow, ChartState } from './chart.ts';
import type { Point, Size } from './geometry.ts';
import { graphOf, idOf, idOfArrow, layoutOptions, startIdOf } from './graph.ts';
import { padding, sizeOfHead } from './measure.ts';

/** By its upper left corner. */
export interface PlacedState extends Point, Size {
  state: ChartState;
  /** Where the head begins. */
  headX: number;
  start: { dot: Point; line: Point[] } | undefined;
}

export interface PlacedArrow {
  arrow: ChartArrow;
  line: Point[];
  /** The upper left corner of its labels. */
  label: Point;
}

export interface Layout extends Size {
  /** Each before those inside it. */
  states: PlacedState[];
  arrows: PlacedArrow[];
}

const elk = new Elk.default();

/** Gives every state, line and label of a chart a place, in px. */
export async function layOutChart(chart: Chart): Promise<Layout> {
  const graph = await elk.layout(graphOf(chart), { layoutOptions });
  const nodes = new Map(nodesIn(graph).map((node) => [node.id, node]));
  const edges = new Map(edgesIn(graph).map((edge) => [edge.id, edge]));
  const arrows = chart.arrows.map((arrow): PlacedArrow => {
    const edge = edges.get(idOfArrow(arrow))!;
    return { arrow, line: lineOf(edge), label: boxOf(edge.labels![0]!) };
  });
  const lines = arrows.map(({ line }) => line);
  const states = statesIn(chart.root).map((state): PlacedState => {
    const box = boxOf(nodes.get(idOf(state))!);
    const dot = nodes.get(startIdOf(state));
    const start = dot && { dot: centreOf(boxOf(dot)), line: lineOf(edges.get(startIdOf(state))!) };
    return { ...box, state, headX: box.x + clearHead(state, box, lines), start };
  });
  return { width: graph.width!, height: graph.height!, states, arrows };
}

function statesIn(state: ChartState): ChartState[] {
  return [state, ...state.children.flatMap(statesIn)];
}

function nodesIn(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(nodesIn)];
}

function edgesIn({ edges = [], children = [] }: ElkNode): ElkExtendedEdge[] {
  return [...edges, ...children.flatMap(edgesIn)];
}

function boxOf({ x = 0, y = 0, width = 0, height = 0 }: Partial<Point & Size>): Point & Size {
  return { x, y, width, height };
}

function centreOf({ x, y, width, height }: Point & Size): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

function lineOf({ sections = [] }: ElkExtendedEdge): Point[] {
  return sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
}

/** How far from the left side of its box the head of a state begins: at the first place where no line crosses it. */
function clearHead(state: ChartState, box: Point & Size, lines: readonly (readonly Point[])[]): number {
  const { width, height } = sizeOfHead(state);
  const text = width - 2 * padding;
  const crossed = crossings({ ...box, height }, lines);
  const places = [padding, ...crossed.map((x) => x + padding).sort((a, b) => a - b)];
  return places.find((left) => crossed.every((x) => x < left - 4 || x > left + text + 4))!;
}

/** Where lines lead through a box, from its left side. */
function crossings(box: Point & Size, lines: readonly (readonly Point[])[]): number[] {
  const pieces = lines.flatMap((line) => line.slice(1).map((end, index) => [line[index]!, end] as const));
  const inside = pieces.filter(([a, b]) => {
    const isBeside = a.x <= box.x || a.x >= box.x + box.width;
    return !isBeside && Math.min(a.y, b.y) < box.y + box.height && Math.max(a.y, b.y) > box.y;
  });
  return inside.map(([{ x }]) => x - box.x);
}
