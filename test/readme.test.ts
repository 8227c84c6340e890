import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderReadme } from './support/readme.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('shows the charts, close codes and variables as the code has them (npm run readme)', () => {
  const rendered = renderReadme(readme);

  expect(rendered).toBe(readme);
});

it('has each generated section', () => {
  const names = [...readme.matchAll(/<!-- generated:(\w+) -->/g)].map(([, name]) => name);

  expect(names).toEqual(['disconnects', 'connection', 'pod', 'configuration']);
});
