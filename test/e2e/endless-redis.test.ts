import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startEndlessRedis } from '../support/endless-redis.ts';
import { startProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

const block = 'x'.repeat(65_536);
const lines = '+x\r\n'.repeat(16_384);
const numbers = ':1\r\n'.repeat(16_384);

it.each([
  ['a string', 'redis://', 'get', '$100000000000\r\n', block, 'without the end of a reply'],
  ['a line', 'redis://', 'get', '+', block, 'without the end of a reply'],
  ['a list', 'redis://', 'get', '*4294967295\r\n', numbers, 'the end of a reply'],
  ['lines that nobody asked for', 'redis://', 'get', '', lines, 'Command queue state error'],
  ['a string that comes byte by byte', 'redis://', 'get', '$1000\r\n', 'x', 'not come to the end of a reply'],
  [
    'a string, of a Sentinel',
    'redis+sentinel://',
    'sentinel',
    '$100000000000\r\n',
    block,
    'without the end of a reply',
  ],
  [
    'a string, of a node of a Cluster',
    'redis+cluster://',
    'slots',
    '$100000000000\r\n',
    block,
    'without the end of a reply',
  ],
])(
  'a Redis that answers with %s without an end is cut off and tried again, in bounded memory',
  async (_, scheme, command, head, piece, reason) => {
    const redis = await startEndlessRedis(command, head, piece);
    const path = scheme.includes('sentinel') ? '/main' : '';
    const pod = startProcess({ REDIS_URL: `${scheme}127.0.0.1:${redis.port}${path}` });
    const { admin } = await pod.listening();

    let peak = 0;
    await until(() => {
      peak = Math.max(peak, memoryOf(pod.child.pid));
      return redis.connections >= 4 && pod.child.lines.some((line) => line.includes(reason));
    });
    const { status } = await fetch(`${admin}/livez`);

    expect(status).toBe(200);
    expect(peak).toBeLessThan(400);
  },
  60_000,
);

/** What a process has in memory, MB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
