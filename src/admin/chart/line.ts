import type { Arrangement, Point } from './dagre.ts';
import type { LevelGraph } from './links.ts';

/** A vertical piece of a line. In a row it is as high as the row, so that no curve is ever beside a box or a label. */
export interface Stop {
  x: number;
  /** Where the line comes in, and where it goes out. */
  y1: number;
  y2: number;
}

/** How far a line goes straight on from a box before it bends, so that its head points straight. */
const stub = 9;

/** The rows of an arrangement, those of the labels included. */
export class Rows {
  readonly #heights = new Map<number, number>();

  constructor({ nodes: places, edges }: Arrangement, { nodes, links }: LevelGraph) {
    for (const { id, height } of nodes) this.#reserve(places.get(id)!, height + 2 * stub);
    for (const [index, { label }] of links.entries()) this.#reserve(edges[index]!.label, label.height);
  }

  /** The upper and the lower end of the row whose middle is at `y`. */
  at(y: number): { y1: number; y2: number } {
    const half = (this.#heights.get(rowKey(y)) ?? 0) / 2;
    return { y1: y - half, y2: y + half };
  }

  #reserve({ y }: Point, height: number): void {
    const key = rowKey(y);
    this.#heights.set(key, Math.max(this.#heights.get(key) ?? 0, height));
  }
}

/** Middles are sums of fractions. */
function rowKey(y: number): number {
  return Math.round(y * 10);
}

/** The same line from its other end. */
export function reversed(line: readonly Stop[]): Stop[] {
  return line.map(({ x, y1, y2 }) => ({ x, y1: y2, y2: y1 })).toReversed();
}

export function shifted(line: readonly Stop[], by: Point): Stop[] {
  return line.map(({ x, y1, y2 }) => ({ x: x + by.x, y1: y1 + by.y, y2: y2 + by.y }));
}

/** SVG path data: straight through each stop, and curved between them. */
export function pathOf(line: readonly Stop[]): string {
  let { x, y1: y } = line[0]!;
  let path = `M${px(x)} ${px(y)}`;
  for (const stop of line) {
    const middle = px((y + stop.y1) / 2);
    if (px(stop.x) !== px(x)) path += `C${px(x)} ${middle} ${px(stop.x)} ${middle} ${px(stop.x)} ${px(stop.y1)}`;
    if (px(stop.y2) !== px(y)) path += `V${px(stop.y2)}`;
    ({ x, y2: y } = stop);
  }
  return path;
}

/** Tenths are fine enough, and keep the text short. */
export function px(length: number): string {
  return String(Math.round(length * 10) / 10);
}
