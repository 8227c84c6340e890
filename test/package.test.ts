import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linksOf } from './support/docs.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const tools = join(root, 'node_modules/.bin');

/** Rejects, with what it wrote, when the program ends with anything but 0. */
const run = (command: string, args: string[], cwd: string) => promisify(execFile)(command, args, { cwd });

/** A service in Node, whose developer has @types/node and checks every declaration. */
const typeRoots = join(root, 'node_modules/@types');
const strict = `--noEmit --strict --module nodenext --target es2023 --lib es2023 --types node --typeRoots`.split(' ');

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ws-connect-package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  tarball = join(folder, stdout.trim().split('\n').at(-1)!);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('is made as packages should be (publint)', async () => {
  const packed = new Uint8Array(await readFile(tarball));
  const { messages } = await publint({ pack: { tarball: packed.buffer }, strict: true });

  expect(messages).toEqual([]);
});

it('has the types of what is imported, for every ES module (are the types wrong?)', async () => {
  const pack = createPackageFromTarballData(new Uint8Array(await readFile(tarball)));
  const { types, ...result } = await checkPackage(pack);

  const { problems } = result as { problems: { resolutionKind?: string }[] };
  const ofModules = problems.filter(({ resolutionKind = '' }) => !['node10', 'node16-cjs'].includes(resolutionKind));
  expect(types).toMatchObject({ kind: 'included' });
  expect(ofModules).toEqual([]);
});

it('brings the chapters that its README leads to', async () => {
  const pack = createPackageFromTarballData(new Uint8Array(await readFile(tarball)));
  const links = linksOf(pack.readFile(`/node_modules/ws-connect/README.md`));

  const chapters = new Set(links.filter((link) => link.startsWith('docs/')).map((link) => link.split('#')[0]!));
  const missing = [...chapters].filter((path) => !pack.fileExists(`/node_modules/ws-connect/${path}`));
  expect(chapters.size).toBeGreaterThan(1);
  expect(missing).toEqual([]);
});

it('works in an empty project: the program, every export, and their types', async () => {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object };
  const names = Object.keys(exports).filter((path) => path !== './package.json');
  const modules = names.map((path) => path.replace('.', 'ws-connect'));
  const use = modules.map(
    (name, index) => `import * as m${index} from '${name}'; console.log(Object.keys(m${index}).length);`,
  );
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'use.ts'), use.join('\n'));
  await writeFile(join(folder, 'use.js'), use.join('\n'));

  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], folder);
  const { stdout: help } = await run('npx', ['ws-connect', '--help'], folder);
  const { stdout: counts } = await run(process.execPath, ['use.js'], folder);
  const { stdout: complaints } = await run(join(tools, 'tsc'), [...strict, typeRoots, 'use.ts'], folder);

  expect(help).toContain('Usage: ws-connect');
  expect(
    counts
      .trim()
      .split('\n')
      .map(Number)
      .every((count) => count > 0),
  ).toBe(true);
  expect(modules).toHaveLength(4);
  expect(complaints).toBe('');
}, 120_000);
