import type { Section } from './section.ts';

/** A section as text: title, aligned table, notes. */
export function printable({ title, columns, rows, notes }: Section): string {
  const lines = [columns, ...rows.map((row) => row.map(cell))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const isNumeric = columns.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const text = lines.map((line) =>
    line
      .map((content, column) =>
        isNumeric[column] ? content.padStart(widths[column]!) : content.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const bullets = notes.map((note) => `* ${note}`);
  return [title, '', text[0], rule, ...text.slice(1), '', ...bullets, ''].join('\n');
}

function cell(content: string | number): string {
  return typeof content === 'number' ? content.toLocaleString('en', { maximumSignificantDigits: 4 }) : content;
}
