import { createSvg } from './dom.ts';
import type { Point } from './history.ts';
import { rememberedMs } from './history.ts';

const width = 300;
const height = 40;
/** A line is broken where nothing was heard for this long, ms. */
const gapMs = 5000;

/** The last minutes of some numbers as lines over time, from 0 to their largest. What it shows is said in words beside it. */
export class Sparkline {
  readonly element = createSvg('svg', {
    class: 'spark',
    viewBox: `0 0 ${width} ${height}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  readonly #names: readonly string[];
  readonly #lines: SVGPathElement[];
  readonly #area = createSvg('path', { class: 'area' });

  /** The names of the numbers in a point. */
  constructor(...names: string[]) {
    this.#names = names;
    this.#lines = names.map((_, index) => createSvg('path', { class: `line line-${index}` }));
    this.element.append(this.#area, ...this.#lines);
  }

  /** Returns the largest of them all. */
  draw(points: readonly Point[]): number {
    const end = points.at(-1)?.at ?? 0;
    const series = this.#names.map((name) =>
      points.flatMap(({ at, values }) => {
        const value = values.get(name);
        return value === undefined ? [] : [{ at, value }];
      }),
    );
    const largest = Math.max(0, ...series.flat().map(({ value }) => value));
    const place = ({ at, value }: { at: number; value: number }) => ({
      x: width * (1 - (end - at) / rememberedMs),
      y: height - 1.5 - (height - 3) * (largest > 0 ? value / largest : 0),
    });
    const runs = series.map((dots) => runsOf(dots).map((run) => run.map(place)));
    for (const [index, line] of this.#lines.entries()) line.setAttribute('d', runs[index]!.map(lineOf).join(''));
    this.#area.setAttribute('d', runs[0]!.map(areaOf).join(''));
    return largest;
  }
}

interface Dot {
  at: number;
  value: number;
}

interface Place {
  x: number;
  y: number;
}

/** The pieces of a line that is broken. */
function runsOf(dots: readonly Dot[]): Dot[][] {
  const runs: Dot[][] = [];
  for (const dot of dots) {
    const run = runs.at(-1);
    if (run && dot.at - run.at(-1)!.at <= gapMs) run.push(dot);
    else runs.push([dot]);
  }
  return runs;
}

function lineOf(run: readonly Place[]): string {
  return `M${run.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`;
}

/** Between the line and the ground. */
function areaOf(run: readonly Place[]): string {
  return `${lineOf(run)}V${height}H${run[0]!.x.toFixed(1)}Z`;
}
