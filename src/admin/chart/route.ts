import type { ChartArrow } from './chart.ts';
import type { Arrangement } from './dagre.ts';
import type { Dock } from './docks.ts';
import { spread } from './docks.ts';
import type { Stop } from './line.ts';
import { reversed, Rows } from './line.ts';
import type { LevelGraph, Link } from './links.ts';
import { isGate } from './links.ts';

export interface RouteOptions {
  graph: LevelGraph;
  arrangement: Arrangement;
  /** The lower border. The upper one is at 0. */
  height: number;
  /** The gates of a child, from its left: an arrow that has one goes on inside. */
  gatesOf: (childId: string) => ReadonlyMap<ChartArrow, number>;
}

interface LinkDock extends Dock {
  link: Link;
}

/** The line of each link. */
export function route(options: RouteOptions): Map<Link, Stop[]> {
  const { graph, arrangement, height } = options;
  const { links, nodes } = graph;
  const rows = new Rows(arrangement, graph);
  const lower = new Map(nodes.flatMap(({ id }) => [...dock(id, 'lower', options)]));
  const upper = new Map(nodes.flatMap(({ id }) => [...dock(id, 'upper', options)]));
  const halfHeights = new Map(nodes.map(({ id, height: full }) => [id, full / 2]));
  const lines = new Map<Link, Stop[]>();
  for (const [index, link] of links.entries()) {
    const from = arrangement.nodes.get(link.upper)!;
    const to = arrangement.nodes.get(link.lower)!;
    const begin = isGate(link.upper) ? 0 : from.y + halfHeights.get(link.upper)!;
    const end = isGate(link.lower) ? height : to.y - halfHeights.get(link.lower)!;
    const line = [
      { x: lower.get(link)!, y1: begin, y2: rows.at(from.y).y2 },
      ...arrangement.edges[index]!.bends.map(({ x, y }) => ({ x, ...rows.at(y) })),
      { x: upper.get(link)!, y1: rows.at(to.y).y1, y2: end },
    ];
    lines.set(link, link.isUpward ? reversed(line) : line);
  }
  return lines;
}

/** Where the lines below a node (`lower`), or above it, touch it. */
function dock(id: string, side: 'lower' | 'upper', { graph, arrangement, gatesOf }: RouteOptions): Map<Link, number> {
  const { width } = graph.nodes.find((node) => node.id === id)!;
  const left = arrangement.nodes.get(id)!.x - width / 2;
  const gates = gatesOf(id);
  const docks: LinkDock[] = [];
  for (const [index, link] of graph.links.entries()) {
    if (id !== (side === 'lower' ? link.upper : link.lower)) continue;
    const gate = link.segment && gates.get(link.segment.arrow);
    const bend = arrangement.edges[index]!.bends.at(side === 'lower' ? 0 : -1)!;
    docks.push({ link, isFixed: gate !== undefined, x: gate === undefined ? bend.x : left + gate });
  }
  const taken = [...gates.values()].map((x) => left + x); // those of arrows that begin at the border included, which go inward
  const places = spread(docks, { left, right: left + width, taken });
  return new Map([...places].map(([{ link }, x]) => [link, x]));
}
