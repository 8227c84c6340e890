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
/** Into how many pieces each part of a line is cut to follow it. */
const steps = 32;

export function readDrawing(svg: string): DrawnChart {
  const groups = [...svg.matchAll(/<g class="state (\w+)" data-state="([^"]*)">(.*?)<\/g>/g)];
  const states = groups.map(([, kind, path, content]) => readState(kind!, path!, content!));
  const lines = [...svg.matchAll(/<path data-from="([^"]*)" data-to="([^"]*)" data-event="([^"]*)" d="([^"]*)"/g)];
  const labels = [...svg.matchAll(/<text class="label"[^>]* x="([^"]*)" y="([^"]*)">([^<]*)/g)];
  return {
    states,
    lines: lines.map(([, from, to, events, d]) => {
      return { from: from!, to: to!, events: events!.split(' '), points: follow(d!) };
    }),
    labels: labels.map(([, x, y, text]) => textArea({ text: text!, x: Number(x), y: Number(y), size: 11 })),
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
    name: path,
    x: number('x'),
    y: number('y'),
    width: number('width'),
    height: number('height'),
  };
}

function textArea({ text, x, y, size }: { text: string; x: number; y: number; size: number }): Area {
  return { name: text, x, y: y - size * 0.8, width: text.length * size * advance, height: size };
}

/** Points along a path of M, V and C, every few px; without the arrowhead, which begins with the second M. */
function follow(d: string): Point[] {
  const [, line] = d.split('M');
  const [start, ...pieces] = line!.split(/(?=[VC])/);
  let at = pointOf(start!);
  const points = [at];
  for (const piece of pieces) {
    const numbers = piece.slice(1).split(' ');
    const [x1, y1, x2, y2, x, y] = piece.startsWith('C') ? numbers.map(Number) : straight(at, Number(numbers[0]));
    for (let step = 1; step <= steps; step += 1) {
      const t = step / steps;
      points.push({ x: bezier(t, [at.x, x1!, x2!, x!]), y: bezier(t, [at.y, y1!, y2!, y!]) });
    }
    at = { x: x!, y: y! };
  }
  return points;
}

function pointOf(text: string): Point {
  const [x, y] = text.split(' ').map(Number);
  return { x: x!, y: y! };
}

/** A vertical line as a curve. */
function straight({ x, y }: Point, to: number): number[] {
  return [x, y, x, to, x, to];
}

function bezier(t: number, [a, b, c, d]: readonly [number, number, number, number]): number {
  const s = 1 - t;
  return s ** 3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t ** 3 * d;
}

/** What a person could not read: a sentence each. */
export function illegible(svg: string): string[] {
  const { states, lines, labels } = readDrawing(svg);
  const texts = [...labels, ...states.map(({ head }) => head)];
  return [
    ...pairs(states)
      .filter(areAstray)
      .map(([a, b]) => `${a.path} and ${b.path} overlap`),
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
