import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
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

/** A real redis-server of this test's own, on a free port unless `args` has a `--port`. */
export async function startRedis(args: string[] = []): Promise<RedisServer> {
  const given = args.indexOf('--port');
  if (given !== -1) return launch(Number(args[given + 1]), args);
  for (let tries = 1; ; tries += 1) {
    try {
      return await launch(await freePort(), args);
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || tries === 5) throw error;
    }
  }
}

async function launch(port: number, args: string[]): Promise<RedisServer> {
  const { file, ...program } = await findRedisServer();
  const dir = mkdtempSync(join(tmpdir(), 'ws-connect-redis-'));
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  const server = spawn(file, [...own, ...args], { ...program, stdio: ['ignore', 'pipe', 'ignore'] });
  const kill = () => server.kill('SIGKILL');
  const gone = new Promise<void>((resolve) => {
    server.once('close', () => {
      process.off('exit', kill);
      rmSync(dir, { recursive: true, force: true });
      resolve();
    });
  });
  process.once('exit', kill);
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => {
      printed += String(chunk);
      if (printed.includes('Ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('close', () => reject(new Error(`redis-server ended before it was ready:\n${printed}`)));
  });
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => {}); // it keeps trying while a test has the server stopped
  return {
    url,
    port,
    pid: server.pid!,
    client,
    async stop() {
      client.disconnect();
      kill();
      await gone;
    },
  };
}
