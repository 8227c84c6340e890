import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Child } from '../support/child.ts';
import { codeBlock } from '../support/docs.ts';

const root = new URL('../../', import.meta.url);
const deviceTest = codeBlock('js', 'TestPod');
const walk = codeBlock('js', 'connectionChart');

/** Runs a module in a process of its own, as if it stood in a project that has the package. */
async function run(code: string) {
  const child = new Child(process.execPath, ['--input-type=module'], { cwd: fileURLToPath(root) });
  child.feed(Buffer.from(code));
  const { code: exitCode } = await child.exited;
  return { exitCode, lines: child.lines, stderr: child.stderr };
}

it('the test of a device in the documents passes', async () => {
  const { exitCode, lines, stderr } = await run(deviceTest);

  expect(stderr).toBe('');
  expect(lines).toContainEqual(expect.stringMatching(/ pass 1$/));
  expect(exitCode).toBe(0);
});

it('the test of a device in the documents fails when the device does something else', async () => {
  const { exitCode, lines } = await run(deviceTest.replace('lamp.fallSilent();', ''));

  expect(lines).toContainEqual(expect.stringMatching(/ fail 1$/));
  expect(exitCode).toBe(1);
});

it('the walk over the chart in the documents prints every path', async () => {
  const { exitCode, lines, stderr } = await run(walk);

  expect(stderr).toBe('');
  expect(lines[0]).toBe(' -> connecting.registering did register');
  expect(lines).toContain('registry.registered, connection.idle -> registered.idle did register, welcome registered');
  expect(exitCode).toBe(0);
});

it.each(['ws-connect/machines', 'ws-connect/testing'])('the types of %s need no package but xstate', (name) => {
  const entry = declarationOf(name, fileURLToPath(import.meta.url));

  expect([...packagesIn(entry, new Set())].sort()).toEqual(['xstate']);
});

/** What a declaration file and all it leads to, in packages of this repository too, import from packages of others. */
function packagesIn(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return new Set();
  seen.add(file);
  const names = [...readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, name]) => name!);
  const packages = names.filter((name) => !isOurs(name));
  const inner = names.filter(isOurs).flatMap((name) => [...packagesIn(declarationOf(name, file), seen)]);
  return new Set([...packages, ...inner]);
}

function isOurs(name: string): boolean {
  return name.startsWith('.') || name.startsWith('@ws-connect/');
}

function declarationOf(name: string, importer: string): string {
  return createRequire(importer).resolve(name.replace(/\.ts$/, '.js')).replace(/\.js$/, '.d.ts');
}
