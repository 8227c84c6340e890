import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder, provide } from './debian.ts';

/** How a Python with the libraries of the examples is spawned. */
export interface Python {
  command: string;
  env: Record<string, string>;
}

const modules = ['websockets', 'websocket', 'redis'];
const debian = ['python3-websockets', 'python3-websocket', 'python3-redis'];

/** The one on the PATH is often not Debian's, and has none of Debian's libraries. */
const commands = ['python3', '/usr/bin/python3'];

let found: Promise<Python> | undefined;

/** A python3 that has websockets, websocket-client and redis. Throws when there is none to be had. */
export function findPython(): Promise<Python> {
  found ??= provide({
    what: `python3 with ${debian.join(', ')}`,
    installed: () => working({}),
    unpacked: {
      packages: [...debian, 'python3-async-timeout', 'python3-deprecated', 'python3-wrapt', 'python3-packaging'],
      folder: cacheFolder('python'),
      find: (folder) => working({ PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') }),
    },
    packages: ['python3', ...debian],
  });
  return found;
}

/** What is printed and read is UTF-8, whatever the machine's locale. */
function working(env: Record<string, string>): Python | undefined {
  const effective = { ...env, PYTHONUTF8: '1', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
  const script = `import sys, ${modules.join(', ')}; print(sys.executable)`;
  for (const command of commands) {
    const options = { env: { PATH: process.env['PATH'], ...effective }, encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync(command, ['-c', script], options);
    if (status === 0) return { command: stdout.trim(), env: effective }; // itself, not what chooses it
  }
  return undefined;
}
