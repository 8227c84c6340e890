import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const project = fileURLToPath(new URL('..', import.meta.url));

/** From the bottom to the top. A file imports only from its own layer and from those below it. */
const layers = [
  ['machines/'],
  ['packages/device-client/src/'],
  ['packages/callback-client/src/'],
  ['src/base/'],
  ['src/config/', 'src/config.ts', 'src/open-files.ts'],
  ['src/observe/'],
  ['src/context.ts'],
  ['src/http/'],
  ['src/registry/'],
  ['src/connections/'],
  ['src/drain/'],
  ['src/callback/'],
  ['src/admin/', 'src/device/'],
  ['src/documents/'],
  ['src/tracing/', 'src/pod.ts'],
  ['src/testing/', 'src/follow/', 'src/rehearse/', 'src/cli.ts', 'src/signals.ts', 'src/main.ts'],
];

/** Paths from the root of the project, of all files that are part of the program. */
const files = ['machines', 'src', 'packages/callback-client/src', 'packages/device-client/src'].flatMap((folder) =>
  readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path)),
);

/** The files that each file imports, also for a type alone or when it is needed. */
const imports = new Map(files.map((file) => [file, importsOf(file, readFileSync(join(project, file), 'utf8'))]));

function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport\()\s*'((?:\.|@ws-connect\/)[^']+)'/g)].map(
    ([, name]) => name!,
  );
  return specifiers.map((specifier) =>
    specifier.startsWith('.')
      ? normalize(join(dirname(file), specifier))
      : specifier.replace(/^@ws-connect\/([^/]+)\/(.+)$/, 'packages/$1/src/$2.ts'),
  );
}

function layerOf(file: string): number {
  return layers.findIndex((prefixes) => prefixes.some((prefix) => file.startsWith(prefix)));
}

/** The first way back to a file found, as the files on it. */
function circle(graph: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const follow = (file: string, way: string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const found = follow(next, [...way, file]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const found = follow(file, []);
    if (found) return found;
  }
  return undefined;
}

it('every file belongs to a layer', () => {
  expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
});

it('no file imports from a layer above its own', () => {
  const upward = files.flatMap((file) =>
    imports
      .get(file)!
      .filter((imported) => layerOf(imported) > layerOf(file))
      .map((imported) => `${file} imports ${relative(dirname(file), imported)}`),
  );

  expect(upward).toEqual([]);
});

it('there is no circle of imports, not even of types', () => {
  expect(circle(imports)).toBeUndefined();
});

it('a circle is found whatever its length', () => {
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', []],
    ['c', ['d']],
    ['d', ['b', 'c']],
  ]);

  expect(circle(graph)).toEqual(['c', 'd', 'c']);
});
