import { spawnSync } from 'node:child_process';

/** Runs a program to its end and returns its output. Throws with what it wrote when it fails. */
export function run(command: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1e9 });
  if (error) throw error;
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`);
}

export function isThere(command: string): boolean {
  return !spawnSync(command, ['--version']).error;
}
