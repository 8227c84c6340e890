/** `npm run docs`: writes the generated sections of the documents anew. */
import { writeFileSync } from 'node:fs';
import { docs } from './docs.ts';
import { renderGenerated } from './generated.ts';

for (const [path, text] of docs) {
  const rendered = renderGenerated(text);
  if (rendered !== text) writeFileSync(new URL(`../../${path}`, import.meta.url), rendered);
}
