import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder, environmentOf, provide } from './debian.ts';

/** How a real redis-server is spawned. */
interface RedisProgram {
  file: string;
  /** `redis-check-rdb` of Debian's redis-tools is the same program; what it is called by decides what it does. */
  argv0: 'redis-server';
  env: NodeJS.ProcessEnv;
}

/** What is unpacked for it. redis-cli is in there, too. */
const unpacked = {
  packages: ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'],
  folder: cacheFolder('redis'),
};

/** A redis-server of this machine or of Debian's packages. Throws when there is none to be had. */
export function findRedisServer(): Promise<RedisProgram> {
  return provide({
    what: 'redis-server 6.2 or later',
    installed: () => working({ file: 'redis-server', argv0: 'redis-server', env: process.env }),
    unpacked: {
      ...unpacked,
      find: (folder) =>
        working({
          file: join(folder, 'usr/bin/redis-check-rdb'),
          argv0: 'redis-server',
          env: { ...process.env, ...environmentOf(folder) },
        }),
    },
    packages: ['redis-server'],
  });
}

/** The environment in which `redis-cli` is on the PATH. */
export function findRedisCli(): Promise<Record<string, string>> {
  const runs = (env: Record<string, string>) =>
    spawnSync('redis-cli', ['--version'], { env }).status === 0 ? env : undefined;
  return provide({
    what: 'redis-cli',
    installed: () => runs({ PATH: process.env['PATH'] ?? '' }),
    unpacked: { ...unpacked, find: (folder) => runs(environmentOf(folder)) },
    packages: ['redis-tools'],
  });
}

function working(program: RedisProgram): RedisProgram | undefined {
  const { file, ...options } = program;
  return spawnSync(file, ['--version'], options).status === 0 ? program : undefined;
}
