import type { Point } from './geometry.ts';
import { px } from './geometry.ts';

const cornerRadius = 6;
const arrowhead = { length: 7, halfWidth: 4 };

/** SVG path data of a line of horizontal and vertical pieces, with round corners and an open arrowhead at its end. */
export function pathOf(line: readonly Point[]): string {
  const [start, ...rest] = line;
  const pieces = rest.map((corner, index) => {
    const next = rest[index + 1];
    return next ? drawCorner(index === 0 ? start! : rest[index - 1]!, corner, next) : `L${at(corner)}`;
  });
  return `M${at(start!)}${pieces.join('')}${headOf(line)}`;
}

/** The straight piece up to a corner, and the corner. */
function drawCorner(before: Point, corner: Point, after: Point): string {
  const radius = Math.min(cornerRadius, distance(before, corner) / 2, distance(corner, after) / 2);
  return `L${at(toward(corner, before, radius))}Q${at(corner)} ${at(toward(corner, after, radius))}`;
}

/** The head belongs to the path of its line, so that a page lights both at once. */
function headOf(line: readonly Point[]): string {
  const [before, tip] = line.slice(-2) as [Point, Point];
  const back = toward(tip, before, arrowhead.length);
  const across = { x: ((before.y - tip.y) * arrowhead.halfWidth) / distance(before, tip), y: 0 };
  across.y = ((tip.x - before.x) * arrowhead.halfWidth) / distance(before, tip);
  const [one, other] = [1, -1].map((side) => ({ x: back.x + side * across.x, y: back.y + side * across.y }));
  return `M${at(one!)}L${at(tip)}L${at(other!)}`;
}

/** The point so far from `from` on the way to `to`. */
function toward(from: Point, to: Point, length: number): Point {
  const share = length / distance(from, to);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function at({ x, y }: Point): string {
  return `${px(x)} ${px(y)}`;
}
