import { readFileSync } from 'node:fs';

/** What the product and the servers written by hand are both made of. */
const common = ['ws', 'koa', '@koa/router'];

/** Throws unless both use the same versions: a difference between libraries would be read as one between servers. */
export function requireSameVersions(): void {
  for (const name of common) {
    const [ours, theirs] = ['../../..', '..'].map((root) => versionOf(root, name));
    if (ours !== theirs) {
      throw new Error(`ws-connect uses ${name} ${ours}, test/bench ${theirs}: give test/bench/package.json the same`);
    }
  }
}

function versionOf(root: string, name: string): string {
  const file = new URL(`${root}/node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
