import type { RedisClient } from './redis-client.ts';
import { isFull } from './redis-errors.ts';
import { wentBackMs } from './registry.ts';

/** A device's entry in form, but of none: what is written is `head`, the time and a brace. */
const head = '{"v":1,"serverIp":"","port":0,"traceId":"check","podId":"check","t":';
/** All pods write the same text, so that each may delete what another has written. */
const time = 1;
/** What is written and not deleted is gone after this, ms. */
const ttlMs = 1000;

/**
 * Tries every command that the registry needs, at the server of this key. SET and SADD are left to the pod's record. The key is of no
 * device, and nothing is left of it. Rejects with the first error; that the memory is full is none, for it may be so for years.
 */
export async function tryCommands(redis: RedisClient, key: string): Promise<void> {
  const never = `${key}:never`; // nobody writes this one
  await Promise.all([
    redis.get(key),
    redis.getex(key, 'PX', ttlMs),
    redis.del(never),
    redis.smembers(never),
    redis.srem(never, 'nobody'),
    redis.eval('return 1', 1, key), // a script that the server knows is run by EVALSHA alone, until it forgets it
    redis.clock(key),
    redis.registerDevice(key, head, 'check', ttlMs, time, '', wentBackMs).catch(unlessFull),
    redis.unregisterDevice(key, `${head}${time}}`),
  ]);
}

function unlessFull(error: Error): void {
  if (!isFull(error.message)) throw error;
}
