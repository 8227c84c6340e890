import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onOwnPort } from './own-port.ts';
import type { RedisServer } from './redis-process.ts';
import { startRedisProcess } from './redis-process.ts';

/**
 * Milliseconds. While there is no master, a replica is asked for its INFO once a second. So 5 PING-PERIOD must be more:
 * a replica whose INFO is older is not promoted. So must 4 PUBLISH-PERIOD: by then the other sentinels turn a promoted
 * replica back of which the leader has not yet read that it is the master. And PING-PERIOD must be well below
 * down-after-milliseconds: a new master gets its first ping so late.
 */
const pace = {
  'PING-PERIOD': 400,
  'INFO-PERIOD': 200,
  'ASK-PERIOD': 100,
  'PUBLISH-PERIOD': 500,
  'TILT-PERIOD': 1000,
};

/** A Redis Sentinel in a hurry. It watches nothing yet. */
export async function startSentinelProcess(): Promise<RedisServer> {
  const sentinel = await onOwnPort(launch);
  // Redis 7 has this command; with an older one all is right, only slower.
  await sentinel.client.call('SENTINEL', 'DEBUG', ...Object.entries(pace).flat()).catch(() => {});
  return sentinel;
}

function launch(port: number): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'ws-connect-sentinel-'));
  const state = join(dir, 'sentinel.conf');
  writeFileSync(state, ''); // Sentinel keeps what it knows in its configuration file and does not start without one
  const args = [state, '--sentinel', '--port', String(port), '--bind', '127.0.0.1', '--dir', dir];
  return startRedisProcess({ port, args, dir, ready: 'Sentinel ID is' });
}
