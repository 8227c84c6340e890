import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The servers have one core for themselves, and what loads them another. */
export const serverCore = 0;
export const loadCore = 1;

/** False: everything shares what there is. */
export const canPin = cpus().length > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;

/** The command line that runs plain `node` with these arguments on one core, where the machine allows it. */
export function pinned(core: number, args: string[]): [string, string[]] {
  if (!canPin) return [process.execPath, args];
  return ['taskset', ['-c', String(core), process.execPath, ...args]];
}
