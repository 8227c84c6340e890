/** Records what a Redis node does: MONITOR over a connection of its own, and a snapshot of what it holds. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import type { FactOf, RedisFact } from './history.ts';
import { parseEntry, RedisHistory } from './redis-history.ts';
import type { RedisHistoryOptions } from './redis-history.ts';

export interface RedisWatchOptions extends RedisHistoryOptions {
  /** On 127.0.0.1. */
  port: number;
  record: (fact: RedisFact) => void;
}

export interface RedisWatch {
  /** Resolves when the node or `stop` has ended the connection; rejects when a line could not be followed. */
  ended: Promise<void>;
  stop(): void;
}

/** Resolves once every command of the node is recorded, and what it held before too. */
export async function watchRedis({ port, record, ...options }: RedisWatchOptions): Promise<RedisWatch> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const history = new RedisHistory(options);
  const lines = createInterface({ input: socket, crlfDelay: Infinity });
  const follow = async () => {
    try {
      for await (const line of lines) for (const fact of history.read(line)) record(fact);
    } finally {
      socket.destroy();
    }
  };
  socket.on('error', () => lines.close()); // a node that is killed resets it
  socket.write('MONITOR\r\n');
  const began = once(lines, 'line');
  const ended = follow();
  ended.catch(() => {}); // who waits for it is told all the same
  await Promise.race([began, ended]);
  try {
    record(await takeSnapshot(port, options));
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return { ended, stop: () => socket.end() };
}

/** In one step of the server, so that it has one place among its commands. */
const snapshotScript = `
local held = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  held[#held + 1] = { key, redis.call('GET', key), redis.call('PTTL', key) }
end
return { redis.call('TIME'), held }`;

/** All entries a node holds. */
export async function takeSnapshot(
  port: number,
  { node, prefix }: RedisHistoryOptions,
): Promise<FactOf<'redis.snapshot'>> {
  const client = new Redis(port, '127.0.0.1', { commandTimeout: 10_000, readOnly: true }); // a Cluster's replica refuses to tell others
  client.on('error', () => {}); // the command's own error says it
  try {
    const reply = await client.eval(snapshotScript, 0, `${prefix}:device:{*}`);
    const [[seconds, microseconds], held] = reply as [[string, string], [string, string, number][]];
    const at = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const entries = held.flatMap(([key, text, leftMs]) => {
      const entry = parseEntry(text);
      const deviceId = key.slice(`${prefix}:device:{`.length, -1);
      return entry ? [{ deviceId, entry, expiresAt: leftMs < 0 ? null : at + leftMs }] : [];
    });
    return { type: 'redis.snapshot', at, node, entries };
  } finally {
    client.disconnect();
  }
}
