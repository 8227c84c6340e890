import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** How a real redis-server is spawned. */
interface RedisProgram {
  file: string;
  /** `redis-check-rdb` of Debian's redis-tools is the same program; what it is called by decides what it does. */
  argv0: 'redis-server';
  env: NodeJS.ProcessEnv;
}

const cacheFolder = fileURLToPath(new URL('../../node_modules/.cache/ws-connect/', import.meta.url));
const packages = ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const installed: RedisProgram = { file: 'redis-server', argv0: 'redis-server', env: process.env };

/**
 * The redis-server on the PATH; else the one of Debian's packages, unpacked into a cache folder, which needs no root;
 * else, as root, installed. Throws when there is none to be had: a test that needs Redis fails without it.
 */
export async function findRedisServer(folder = join(cacheFolder, 'redis')): Promise<RedisProgram> {
  if (works(installed)) return installed;
  const cached = unpackedIn(folder);
  if (works(cached)) return cached;
  try {
    await unpack(folder);
    if (works(cached)) return cached;
    throw new Error(`the redis-server in ${folder} does not run`);
  } catch (cause) {
    if (await install()) return installed;
    throw new Error('The tests need Redis: install redis-server 6.2 or later, or make apt-get reach a Debian mirror', {
      cause,
    });
  }
}

function works({ file, ...options }: RedisProgram): boolean {
  return spawnSync(file, ['--version'], options).status === 0;
}

function unpackedIn(folder: string): RedisProgram {
  const libraries = ['x86_64', 'aarch64'].map((machine) => join(folder, `usr/lib/${machine}-linux-gnu`));
  return {
    file: join(folder, 'usr/bin/redis-check-rdb'),
    argv0: 'redis-server',
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
  };
}

/** Prepares everything beside `folder` and then renames, so that nobody ever finds it half full. */
async function unpack(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const workshop = await mkdtemp(`${folder}-`);
  try {
    await download(workshop);
    const packed = (await readdir(workshop)).filter((name) => name.endsWith('.deb'));
    const fresh = join(workshop, 'fresh');
    for (const name of packed) await promisify(execFile)('dpkg', ['-x', join(workshop, name), fresh]);
    if (works(unpackedIn(folder))) return; // another process was faster
    if (existsSync(folder)) await rename(folder, join(workshop, 'broken'));
    await rename(fresh, folder);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function download(cwd: string): Promise<void> {
  try {
    await aptGet(['download', ...packages], cwd);
  } catch {
    await aptGet(['update']); // a fresh machine has no package lists yet; this one needs root
    await aptGet(['download', ...packages], cwd);
  }
}

/** The last resort. Run level 1 keeps the package from starting its service. */
async function install(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  try {
    await aptGet(['install', '-y', 'redis-server']);
  } catch {
    return false; // the caller reports why the way before this one failed
  }
  return works(installed);
}

async function aptGet(args: string[], cwd?: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await promisify(execFile)('apt-get', ['-q', ...args], { cwd, env });
}
