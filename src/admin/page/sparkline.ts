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
    for (const [index, line] of this.#lines.entries()) line.setAttribute('d', pathOf(series[index]!, place));
    this.#area.setAttribute('d', areaOf(series[0]!.map(place)));
    return largest;
  }
}

interface Dot {
  at: number;
  value: number;
}

function pathOf(dots: readonly Dot[], place: (dot: Dot) => { x: number; y: number }): string {
  return dots
    .map((dot, index) => {
      const { x, y } = place(dot);
      const isNew = index === 0 || dot.at - dots[index - 1]!.at > gapMs;
      return `${isNew ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

function areaOf(places: readonly { x: number; y: number }[]): string {
  if (places.length < 2) return '';
  const top = places.map(({ x, y }) => `L${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  return `M${places[0]!.x.toFixed(1)} ${height}${top}L${places.at(-1)!.x.toFixed(1)} ${height}Z`;
}
