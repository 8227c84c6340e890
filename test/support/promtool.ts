import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, environmentOf, provide } from './debian.ts';

let found: Promise<Record<string, string>> | undefined;

/** The environment in which `promtool`, Prometheus's own tool for rules, is on the PATH. Throws when there is none to be had. */
export function findPromtool(): Promise<Record<string, string>> {
  const runs = (env: Record<string, string>) =>
    spawnSync('promtool', ['--version'], { env }).status === 0 ? env : undefined;
  found ??= provide({
    what: 'promtool',
    installed: () => runs({ PATH: process.env['PATH'] ?? '' }),
    unpacked: {
      packages: ['prometheus'],
      folder: cacheFolder('prometheus'),
      find: (folder) => runs(environmentOf(folder)),
    },
    packages: ['prometheus'],
  });
  return found;
}

/** Runs `promtool ARGS NAME` where these files are; resolves with what it prints, as JSON is YAML to it. */
export async function promtool(args: string[], name: string, files: Record<string, unknown>): Promise<string> {
  const env = await findPromtool();
  const folder = await mkdtemp(join(tmpdir(), 'ws-connect-promtool-'));
  try {
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), JSON.stringify(content));
    return await new Promise((resolve) => {
      execFile('promtool', [...args, name], { cwd: folder, env }, (_error, stdout, stderr) => resolve(stdout + stderr)); // it says what failed
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
