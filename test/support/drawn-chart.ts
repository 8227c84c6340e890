/** What is where in the SVG of a chart, read from its text. */

export interface Point {
  x: number;
  y: number;
}

export interface Area extends Point {
  /** For messages. */
  name: string;
  width: number;
  height: number;
}

export interface DrawnState extends Area {
  path: string;
  isLeaf: boolean;
  /** Of its name, with room for a count of four digits. */
  head: Area;
  /** What it answers without leaving it. */
  reactions: Area[];
}

export interface DrawnLine {
  from: string;
  to: string;
  events: string[];
  points: Point[];
}

interface DrawnChart {
  states: DrawnState[];
  lines: DrawnLine[];
  labels: Area[];
}

/** What a letter of a monospaced face takes of its size. */
const advance = 0.602;
/** How far apart the points are by which a line is followed, px at most. */
const stepLength = 3;

export function readDrawing(svg: string): DrawnChart {
  const groups = [...svg.matchAll(/<g class="state (\w+)" data-state="([^"]*)">(.*?)<\/g>/g)];
  const states = groups.map(([, kind, path, content]) => readState(kind!, path!, content!));
  const lines = [...svg.matchAll(/<path data-from="([^"]*)" data-to="([^"]*)" data-event="([^"]*)" d="([^"]*)"/g)];
  return {
    states,
    lines: lines.map(([, from, to, events, d]) => {
      return { from: from!, to: to!, events: events!.split(' '), points: follow(d!) };
    }),
    labels: labelsIn(svg),
  };
}

function readState(kind: string, path: string, content: string): DrawnState {
  const number = (name: string) => Number(new RegExp(`<rect[^>]* ${name}="([^"]*)"`).exec(content)![1]);
  const [, x, y, text] = /<text class="name" x="([^"]*)" y="([^"]*)">([^<]*)/.exec(content)!;
  const isLeaf = kind !== 'compound';
  const head = textArea({ text: isLeaf ? text! : `${text} 1234`, x: Number(x), y: Number(y), size: 13 });
  if (isLeaf) head.x -= head.width / 2;
  return {
    path,
    isLeaf,
    head,
    reactions: labelsIn(content),
    name: path,
    x: number('x'),
    y: number('y'),
    width: number('width'),
    height: number('height'),
  };
}

function labelsIn(svg: string): Area[] {
  const labels = [...svg.matchAll(/<text class="label"[^>]* x="([^"]*)" y="([^"]*)">([^<]*)/g)];
  return labels.map(([, x, y, text]) => textArea({ text: text!, x: Number(x), y: Number(y), size: 11 }));
}

function textArea({ text, x, y, size }: { text: string; x: number; y: number; size: number }): Area {
  return { name: text, x, y: y - size * 0.8, width: text.length * size * advance, height: size };
}

/** Points along a path of M, L and Q, every few px; without the arrowhead, which begins with the second M. */
function follow(d: string): Point[] {
  const [, line] = d.split('M');
  const [start, ...pieces] = line!.split(/(?=[LQ])/);
  const points = pointsOf(start!);
  for (const piece of pieces) {
    const begin = points.at(-1)!;
    const [bend, end = bend] = pointsOf(piece.slice(1)) as [Point, Point?];
    const steps = Math.ceil(Math.hypot(end.x - begin.x, end.y - begin.y) / stepLength);
    for (let step = 1; step <= steps; step += 1) {
      const share = step / steps;
      points.push(between(between(begin, bend, share), between(bend, end, share), share));
    }
  }
  return points;
}

function pointsOf(text: string): Point[] {
  const numbers = text.split(' ').map(Number);
  return numbers.flatMap((x, index) => (index % 2 === 0 ? [{ x, y: numbers[index + 1]! }] : []));
}

/** So far on the way from one to the other, from 0 to 1. */
function between(from: Point, to: Point, share: number): Point {
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** What a person could not read: a sentence each. */
export function illegible(svg: string): string[] {
  const { states, lines, labels } = readDrawing(svg);
  const texts = [...labels, ...states.map(({ head }) => head)];
  return [
    ...pairs(states)
      .filter(areAstray)
      .map(([a, b]) => `${a.path} and ${b.path} overlap`),
    ...states.flatMap((state) => {
      const outside = [state.head, ...state.reactions].filter(
        ({ x, width }) => x < state.x || x + width > state.x + state.width,
      );
      return outside.map(({ name }) => `"${name}" sticks out of ${state.path}`);
    }),
    ...pairs(texts)
      .filter(overlap)
      .map(([a, b]) => `"${a.name}" covers "${b.name}"`),
    ...lines.flatMap((line) => {
      const obstacles = [...states.filter(({ path, isLeaf }) => isLeaf || !isAround(path, line)), ...texts];
      const crossed = obstacles.filter((area) => line.points.some((point) => isIn(point, area)));
      return crossed.map(({ name }) => `the line from ${line.from} to ${line.to} crosses ${name}`);
    }),
  ];
}

/** A state lies inside those it belongs to, and beside all others. */
function areAstray([outer, inner]: [DrawnState, DrawnState]): boolean {
  return contains(outer.path, inner.path) ? !isIn(inner, outer, 0) : overlap([outer, inner]);
}

function isAround(path: string, { from, to }: DrawnLine): boolean {
  return contains(path, from) || contains(path, to);
}

function contains(path: string, inner: string): boolean {
  return path === '' || path === inner || inner.startsWith(`${path}.`);
}

function overlap([a, b]: [Area, Area]): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isIn({ x, y }: Point, area: Area, inset = 0.5): boolean {
  const { x: left, y: top, width, height } = area;
  return x > left + inset && x < left + width - inset && y > top + inset && y < top + height - inset;
}

function pairs<T>(all: readonly T[]): [T, T][] {
  return all.flatMap((one, index) => all.slice(index + 1).map((other): [T, T] => [one, other]));
}
