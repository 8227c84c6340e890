import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A program the tests need and npm does not bring. */
export interface Need<Program> {
  /** What the message says to install when there is no way to get it. */
  what: string;
  /** The program where the machine has it; undefined when it is not there or does not work. */
  installed: () => Program | undefined;
  /** The same with packages unpacked into `folder`, for programs that get along there. */
  unpacked?: { packages: string[]; folder: string; find: (folder: string) => Program | undefined };
  /** What to install as root when all else fails. */
  packages: string[];
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/ws-connect/', import.meta.url));

/** Where packages of this name are unpacked. */
export function cacheFolder(name: string): string {
  return join(cache, name);
}

/**
 * The program as the machine has it; else one of Debian's packages, unpacked into a cache folder, which needs no root;
 * else, as root, installed. Throws when there is none to be had: a test that needs it fails without it.
 */
export async function provide<Program>(need: Need<Program>): Promise<Program> {
  const { what, installed, unpacked, packages } = need;
  const there = installed() ?? unpacked?.find(unpacked.folder);
  if (there) return there;
  const reasons: unknown[] = [];
  for (const get of [() => unpack(need), () => install(packages)]) {
    await get().catch((reason: unknown) => reasons.push(reason));
    const gotten = installed() ?? unpacked?.find(unpacked.folder);
    if (gotten) return gotten;
  }
  const cause = new AggregateError(reasons, 'neither unpacked nor installed');
  throw new Error(`The tests need ${what}: install it, or make apt-get reach a Debian mirror`, { cause });
}

/** An environment in which programs and libraries unpacked into this folder are found before others. */
export function environmentOf(folder: string): { PATH: string; LD_LIBRARY_PATH: string } {
  const libraries = ['x86_64', 'aarch64'].map((machine) => join(folder, `usr/lib/${machine}-linux-gnu`));
  return {
    PATH: [join(folder, 'usr/bin'), process.env['PATH']].join(delimiter),
    LD_LIBRARY_PATH: libraries.join(delimiter),
  };
}

/** Prepares everything beside the folder and then renames, so that nobody ever finds it half full. */
async function unpack<Program>({ unpacked }: Need<Program>): Promise<void> {
  if (!unpacked) return;
  const { packages, folder, find } = unpacked;
  await mkdir(join(folder, '..'), { recursive: true });
  const workshop = await mkdtemp(`${folder}-`);
  try {
    await aptGet(['download', ...packages], workshop);
    const packed = (await readdir(workshop)).filter((name) => name.endsWith('.deb'));
    const fresh = join(workshop, 'fresh');
    for (const name of packed) await promisify(execFile)('dpkg', ['-x', join(workshop, name), fresh]);
    if (find(folder)) return; // another process was faster
    if (existsSync(folder)) await rename(folder, join(workshop, 'broken'));
    await rename(fresh, folder);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** The last resort. Run level 1 keeps packages from starting services. */
async function install(packages: string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('only root can install packages');
  await aptGet(['install', '-y', '--no-install-recommends', ...packages]);
}

/** A fresh machine has no package lists yet, and an old one names versions that are gone. Getting new lists needs root. */
async function aptGet(args: string[], cwd?: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const run = (command: string[]) =>
    promisify(execFile)('apt-get', ['-q', ...command], { cwd, env, maxBuffer: 64 * 1024 * 1024 });
  try {
    await run(args);
  } catch {
    await run(['update']);
    await run(args);
  }
}
