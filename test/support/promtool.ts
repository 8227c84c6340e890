import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, provide } from './debian.ts';

/** Prometheus's own tool for rules, of this machine or of Debian's package. Throws when there is none to be had. */
function findPromtool(): Promise<string> {
  const working = (file: string) => (spawnSync(file, ['--version']).status === 0 ? file : undefined);
  return provide({
    what: 'promtool',
    installed: () => working('promtool'),
    unpacked: {
      packages: ['prometheus'],
      folder: cacheFolder('prometheus'),
      find: (folder) => working(join(folder, 'usr/bin/promtool')),
    },
    packages: ['prometheus'],
  });
}

/** Runs `promtool ARGS NAME` where these files are; resolves with what it prints, as JSON is YAML to it. */
export async function promtool(args: string[], name: string, files: Record<string, unknown>): Promise<string> {
  const command = await findPromtool();
  const folder = await mkdtemp(join(tmpdir(), 'ws-connect-promtool-'));
  try {
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), JSON.stringify(content));
    return await new Promise((resolve) => {
      execFile(command, [...args, name], { cwd: folder }, (_error, stdout, stderr) => resolve(stdout + stderr)); // it says what failed
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
