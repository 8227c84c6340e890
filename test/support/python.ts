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

/** A python3 that has websockets, websocket-client and redis. Throws when there is none to be had. */
export function findPython(): Promise<Python> {
  return provide({
    what: `python3 with ${debian.join(', ')}`,
    installed: () => working({}),
    unpacked: {
      packages: [...debian, 'python3-async-timeout', 'python3-deprecated', 'python3-wrapt', 'python3-packaging'],
      folder: cacheFolder('python'),
      find: (folder) => working({ PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') }),
    },
    packages: ['python3', ...debian],
  });
}

/** What is printed and written is UTF-8, whatever the machine's locale. */
function working(env: Record<string, string>): Python | undefined {
  const effective = { ...env, PYTHONUTF8: '1', PYTHONUNBUFFERED: '1' };
  const imports = `import ${modules.join(', ')}`;
  const runs = (command: string) =>
    spawnSync(command, ['-c', imports], { env: { PATH: process.env['PATH'], ...effective } }).status === 0;
  const command = commands.find((each) => runs(each));
  return command === undefined ? undefined : { command, env: effective };
}
