import { byId, create, setRows } from './dom.ts';
import { count, rate } from './format.ts';
import type { History } from './history.ts';
import { totals } from './history.ts';
import { Sparkline } from './sparkline.ts';
import type { Overview } from './wire.ts';

const kinds = [
  { kind: 'connects', title: 'Connects', of: 'Result' },
  { kind: 'closes', title: 'Closes', of: 'Code, reason' },
  { kind: 'callbacks', title: 'Callbacks', of: 'Outcome' },
];

/** The tables of what happened, by how it ended. Returns what draws them anew. */
export function showBreakdowns(history: History): (overview: Overview) => void {
  const tables = kinds.map(({ kind, title, of }) => {
    const titles = [of, '5 min', 'per second', 'total'].map((text) => create('th', { scope: 'col' }, text));
    const body = create('tbody', { id: kind });
    const head = create('thead', {}, create('tr', {}, ...titles));
    const table = create('table', { class: 'numbers' }, create('caption', {}, title), head, body);
    byId('breakdowns', HTMLDivElement).append(table);
    return { kind, table, body, sparks: new Map<string, Sparkline>() };
  });
  return (overview) => {
    for (const { kind, table, body, sparks } of tables) {
      const rows = rowsOf(overview, kind, { history, sparks });
      setRows(body, rows);
      table.classList.toggle('empty', rows.length === 0);
    }
  };
}

/** The most frequent first. */
function rowsOf(
  overview: Overview,
  kind: string,
  { history, sparks }: { history: History; sparks: Map<string, Sparkline> },
) {
  const found = [...totals(overview)].filter(([name, total]) => name.startsWith(`${kind} `) && total > 0);
  return found
    .sort(([, a], [, b]) => b - a)
    .map(([name, total]) => {
      const spark = sparks.get(name) ?? new Sparkline(name);
      sparks.set(name, spark);
      spark.draw(history.points);
      const now = history.latest(name);
      const cells = [name.slice(kind.length + 1), spark.element, now === undefined ? '–' : rate(now), count(total)];
      return { key: name, cells };
    });
}
