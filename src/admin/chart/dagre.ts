/** What dagre does for a chart: boxes in rows, no two in one place, and room for every line and its label between them. */
import { Graph, layout } from '@dagrejs/dagre';

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface RowedNode extends Size {
  id: string;
  row: number;
}

export interface RowedEdge {
  /** In a row above that of `to`. */
  from: string;
  to: string;
  /** Stands to the right of the line; of no size when there is none. */
  label: Size;
}

export interface EdgePlace {
  /** Where the line crosses what lies between its ends, downward. */
  bends: Point[];
  /** The label's centre. */
  label: Point;
}

export interface Arrangement extends Size {
  /** The centre of each node. */
  nodes: Map<string, Point>;
  /** In the order of the edges given. */
  edges: EdgePlace[];
}

/** The graph as dagre hands it back: its own declarations do not resolve under `nodenext`. */
interface DagreGraph {
  graph(): Size;
  nodes(): string[];
  node(id: string): Point & { rank?: number };
  edge(edge: { v: string; w: string; name: string }): { points: Point[] } & Partial<Point>;
  setNode(id: string, label: Size): void;
  setEdge(from: string, to: string, label: object, name: string): void;
}

const nodeGap = 36;
const lineGap = 22;
const rowGap = 48;
const labelOffset = 7;

/** A row for each node, from 0 at the top, such that edges lead downward as far as they make no circle. */
export function assignRows(ids: readonly string[], edges: readonly (readonly [string, string])[]): Map<string, number> {
  const graph = createGraph({});
  for (const id of ids) graph.setNode(id, { width: 0, height: 0 });
  for (const [index, [from, to]] of edges.entries()) graph.setEdge(from, to, {}, String(index));
  layout(graph);
  const heights = [...new Set(ids.map((id) => graph.node(id).y))].sort((a, b) => a - b);
  return new Map(ids.map((id) => [id, heights.indexOf(graph.node(id).y)]));
}

/** Places nodes in the rows they are given, in an order that crosses few lines. */
export function arrange(nodes: readonly RowedNode[], edges: readonly RowedEdge[]): Arrangement {
  const rows = new Map(nodes.map(({ id, row }) => [id, row]));
  const ranker = (ranked: DagreGraph) => {
    for (const id of ranked.nodes()) ranked.node(id).rank = 2 * (rows.get(id) ?? 0); // dagre puts labels between rows
  };
  const graph = createGraph({ nodesep: nodeGap, edgesep: lineGap, ranksep: rowGap, ranker });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const [index, { from, to, label }] of edges.entries()) {
    graph.setEdge(from, to, { ...label, labelpos: 'r', labeloffset: labelOffset }, String(index));
  }
  layout(graph);
  const placed = edges.map(({ from, to }, index): EdgePlace => {
    const { points, x = 0, y = 0 } = graph.edge({ v: from, w: to, name: String(index) });
    return { bends: points.slice(1, -1), label: { x, y } };
  });
  return { ...graph.graph(), nodes: new Map(nodes.map(({ id }) => [id, graph.node(id)])), edges: placed };
}

function createGraph(options: object): DagreGraph {
  return new Graph({ multigraph: true }).setGraph(options);
}
