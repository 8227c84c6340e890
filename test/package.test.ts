import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from './support/child.ts';
import { linksOf } from './support/docs.ts';
import type { PackageName } from './support/packages.ts';
import { output, packageFolders, Project } from './support/packages.ts';
import { Log } from './support/process.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const tools = join(root, 'node_modules/.bin');

/** A service in Node, whose developer has @types/node and checks every declaration. */
const typeRoots = join(root, 'node_modules/@types');
const strict = `--noEmit --strict --module nodenext --target es2023 --lib es2023 --types node --typeRoots`.split(' ');

const packageNames = Object.keys(packageFolders) as PackageName[];
let project: Project;

beforeAll(async () => {
  project = await Project.create();
  for (const name of packageNames) await project.pack(name); // takes its time on a busy machine
}, 120_000);
afterAll(() => project.remove());

describe.each(packageNames)('%s', (name) => {
  it('is made as packages should be (publint)', async () => {
    const packed = new Uint8Array(await readFile(await project.pack(name)));
    const { messages } = await publint({ pack: { tarball: packed.buffer }, strict: true });

    expect(messages).toEqual([]);
  });

  it('has the types of what is imported, for every ES module (are the types wrong?)', async () => {
    const pack = createPackageFromTarballData(new Uint8Array(await readFile(await project.pack(name))));
    const { types, ...result } = await checkPackage(pack);

    const { problems } = result as { problems: { resolutionKind?: string }[] };
    const ofModules = problems.filter(({ resolutionKind = '' }) => !['node10', 'node16-cjs'].includes(resolutionKind));
    expect(types).toMatchObject({ kind: 'included' });
    expect(ofModules).toEqual([]);
  });
});

it('brings the chapters that its README leads to', async () => {
  const pack = createPackageFromTarballData(new Uint8Array(await readFile(await project.pack('ws-connect'))));
  const links = linksOf(pack.readFile(`/node_modules/ws-connect/README.md`));

  const chapters = new Set(links.filter((link) => link.startsWith('docs/')).map((link) => link.split('#')[0]!));
  const missing = [...chapters].filter((path) => !pack.fileExists(`/node_modules/ws-connect/${path}`));
  expect(chapters.size).toBeGreaterThan(1);
  expect(missing).toEqual([]);
});

it('works in an empty project: a pod, every export, and their types', async () => {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object };
  const names = Object.keys(exports).filter((path) => path !== './package.json');
  const modules = names.map((path) => path.replace('.', 'ws-connect'));
  const use = modules.map(
    (name, index) => `import * as m${index} from '${name}'; console.log(Object.keys(m${index}).length);`,
  );
  await writeFile(join(project.folder, 'use.ts'), use.join('\n'));
  await writeFile(join(project.folder, 'use.js'), use.join('\n'));

  await project.install('ws-connect', '@ws-connect/callback-client');
  const counts = await output(process.execPath, ['use.js'], project.folder);
  const complaints = await output(join(tools, 'tsc'), [...strict, typeRoots, 'use.ts'], project.folder);
  const env = { HOST: '127.0.0.1', DEVICE_PORT: '0', CALLBACK_PORT: '0', ADMIN_PORT: '0' };
  const pod = new Child(join(project.folder, 'node_modules/.bin/ws-connect'), [], { cwd: project.folder, env });
  await new Log(pod).logged('ready');
  pod.signal('SIGTERM');

  expect(await pod.exited).toEqual({ code: 0, signal: null });
  expect(
    counts
      .trim()
      .split('\n')
      .map(Number)
      .every((count) => count > 0),
  ).toBe(true);
  expect(modules).toHaveLength(2);
  expect(complaints).toBe('');
}, 120_000);
