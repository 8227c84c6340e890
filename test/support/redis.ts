import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import type { RedisServer } from './redis-process.ts';
import { startRedisProcess } from './redis-process.ts';

export type { RedisServer } from './redis-process.ts';

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

function launch(port: number, args: string[]): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'ws-connect-redis-'));
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
  return startRedisProcess({ port, args: [...own, ...args], dir, ready: 'Ready to accept connections' });
}
