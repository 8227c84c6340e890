import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../base/usage-error.ts';
import { Program } from './program.ts';

export interface OwnRedis {
  url: string;
  stop(): Promise<void>;
}

/** Ports the kernel hands out to nobody (Linux: from 32768 on), so that a free one stays free until Redis has it. */
const ports = { from: 20_000, to: 32_768 };
const tries = 5;

/** The redis-server of the PATH, on a port of its own, in a folder that goes with it. */
export async function startOwnRedis(): Promise<OwnRedis> {
  for (let left = tries; ; left -= 1) {
    const redis = await tryStart(randomInt(ports.from, ports.to));
    if ('url' in redis) return redis;
    if (redis.isMissing) {
      throw new UsageError(
        'A rehearsal needs a Redis for its pods. Name one with --redis URL, or install redis-server',
      );
    }
    if (left === 1) throw redis.error;
  }
}

async function tryStart(port: number): Promise<OwnRedis | { isMissing: boolean; error: Error }> {
  const dir = await mkdtemp(join(tmpdir(), 'ws-connect-rehearsal-'));
  let ready = () => {};
  const isReady = new Promise<'ready'>((resolve) => (ready = () => resolve('ready')));
  const program = new Program({
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
    env: process.env,
    onLine: (line) => line.includes('Ready to accept connections') && ready(),
  });
  const stop = async () => {
    await program.kill();
    await rm(dir, { recursive: true, force: true });
  };
  if ((await Promise.race([isReady, program.exited])) === 'ready') return { url: `redis://127.0.0.1:${port}`, stop };
  await stop();
  const error = await program.failure('redis-server did not start');
  return { isMissing: (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT', error };
}
