import type { RedisClient } from './redis-client.ts';
import { isFull } from './redis-errors.ts';
import { wentBackMs } from './registry.ts';

/** Beginning of an entry for the test. The whole text is `head`, the time and a brace. */
const head = '{"v":1,"serverIp":"","port":0,"traceId":"check","podId":"check","t":';
/** The `t` of the test entry. It is the same for all pods, so that each pod can delete the entry of another one. */
const time = 1;
/** Expiry of the test entry if it is not deleted, ms. */
const ttlMs = 1000;

/**
 * Tries every command that the registry needs, on the server of this key. SET and SADD are not tried here, because the record of the pod
 * uses them. The key belongs to no device and is deleted afterwards. Rejects with the first error. A full memory is not an error.
 */
export async function tryCommands(redis: RedisClient, key: string): Promise<void> {
  const never = `${key}:never`; // no pod writes this key
  await Promise.all([
    redis.get(key),
    redis.getex(key, 'PX', ttlMs),
    redis.del(never),
    redis.smembers(never),
    redis.srem(never, 'nobody'),
    redis.eval('return 1', 1, key), // ioredis sends EVALSHA for a script that the server knows, so EVAL is tried here
    redis.clock(key),
    redis.registerDevice(key, head, 'check', ttlMs, time, '', wentBackMs).catch(unlessFull),
    redis.unregisterDevice(key, `${head}${time}}`),
  ]);
}

function unlessFull(error: Error): void {
  if (!isFull(error.message)) throw error;
}
