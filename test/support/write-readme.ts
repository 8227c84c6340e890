/** `npm run readme`: writes the generated sections of the README anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { renderReadme } from './readme.ts';

const readme = new URL('../../README.md', import.meta.url);
writeFileSync(readme, renderReadme(readFileSync(readme, 'utf8')));
