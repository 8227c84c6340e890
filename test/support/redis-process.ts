import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { findRedisServer } from './redis-server.ts';

export interface RedisServer {
  /** `redis://127.0.0.1:PORT` */
  url: string;
  port: number;
  pid: number;
  /** For looking in. */
  client: Redis;
  stop(): Promise<void>;
}

export interface RedisProcessOptions {
  port: number;
  args: string[];
  /** Its own, removed when it ends. */
  dir: string;
  /** What it prints once it answers. */
  ready: string;
}

const running = new Set<ChildProcess>();

/** None outlives the tests. Vitest ends the processes it runs them in by SIGTERM. */
function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
process.once('exit', killAll);
process.once('SIGTERM', () => {
  killAll();
  process.exit(143);
});

/** Runs the redis-server program, whatever it is to be. Rejects with what it printed when it ends before it is ready. */
export async function startRedisProcess({ port, args, dir, ready }: RedisProcessOptions): Promise<RedisServer> {
  const { file, ...program } = await findRedisServer();
  const child = spawn(file, args, { ...program, stdio: ['ignore', 'pipe', 'ignore'] });
  running.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      rmSync(dir, { recursive: true, force: true });
      resolve();
    });
  });
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += String(chunk);
      if (printed.includes(ready)) resolve();
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`redis-server ended before it was ready:\n${printed}`)));
  });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => {}); // it keeps trying while a test has the server stopped
  return {
    url,
    port,
    pid: child.pid!,
    client,
    async stop() {
      client.disconnect();
      child.kill('SIGKILL');
      await gone;
    },
  };
}
