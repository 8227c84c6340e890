import { byId, create, setText } from './dom.ts';
import { count, latency, rate } from './format.ts';
import type { History } from './history.ts';
import { Sparkline } from './sparkline.ts';

interface Figure {
  title: string;
  /** What it shows, beside each other and in one chart. */
  names: string[];
  unit: string;
  show: (value: number) => string;
}

const figures: Figure[] = [
  { title: 'Connections', names: ['connections'], unit: '', show: count },
  { title: 'Connects', names: ['connects'], unit: '/s', show: rate },
  { title: 'Closes', names: ['closes'], unit: '/s', show: rate },
  { title: 'Callbacks', names: ['callbacks'], unit: '/s', show: rate },
  { title: 'p50 · p99', names: ['p50', 'p99'], unit: '', show: latency },
  { title: 'Unregistered', names: ['unregistered'], unit: '', show: count },
  { title: 'Loop lag', names: ['lag'], unit: '', show: latency },
];

/** The row of small charts at the top. Returns what draws them anew. */
export function showFigures(history: History): () => void {
  const list = byId('figures', HTMLUListElement);
  const draws = figures.map((figure) => {
    const { element, draw } = makeFigure(figure, history);
    list.append(element);
    return draw;
  });
  return () => {
    for (const draw of draws) draw();
  };
}

function makeFigure({ title, names, unit, show }: Figure, history: History) {
  const parts = names.map((_, index) => create('span', { class: `line-${index}` }, '–'));
  const value = create(
    'strong',
    { class: 'value' },
    ...parts.flatMap((part, index) => (index > 0 ? [' · ', part] : [part])),
  );
  const peak = create('span', { class: 'peak' });
  const spark = new Sparkline(...names);
  const element = create('li', {}, create('span', { class: 'title' }, title), value, spark.element, peak);
  const draw = () => {
    for (const [index, name] of names.entries()) {
      const latest = history.latest(name);
      setText(parts[index]!, latest === undefined ? '–' : `${show(latest)}${unit}`);
    }
    const largest = spark.draw(history.points);
    setText(peak, `peak ${show(largest)}${unit}`);
  };
  return { element, draw };
}
