#!/usr/bin/env node
/**
 * A service with the callback client: looks a device up in Redis and sends it what it reads on stdin.
 *
 *   echo hello | node examples/node/service.js lamp-1
 *   node examples/node/service.js lamp-1 --type application/octet-stream < update.bin
 *
 * REDIS_URL, REDIS_PREFIX and CALLBACK_TOKEN are those of the pods. A service that runs for long keeps one client.
 * Ends with 0: delivered; 1: not delivered; 2: wrong usage; 3: unknown, the connection broke before the answer.
 */
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { createCallbackClient } from '@ws-connect/callback-client';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    type: { type: 'string', default: 'text/plain' },
    patience: { type: 'string', default: '5' }, // seconds to go on with a device that is not there
  },
});
const [deviceId] = positionals;
const patienceMs = 1000 * Number(values.patience);
if (!deviceId || !(patienceMs >= 0)) {
  console.error('usage: service.js DEVICE [--type TYPE] [--patience SECONDS]');
  process.exit(2);
}

const { REDIS_URL = 'redis://127.0.0.1:6379', REDIS_PREFIX, CALLBACK_TOKEN } = process.env;
const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 1 });
redis.on('error', () => {}); // the result tells
const client = createCallbackClient({ redis, prefix: REDIS_PREFIX, token: CALLBACK_TOKEN });

const result = await client.send(deviceId, await buffer(process.stdin), {
  contentType: values.type,
  reconnectWaitMs: patienceMs,
  deadlineMs: patienceMs + 2000,
});
client.close();
redis.disconnect();

switch (result.outcome) {
  case 'delivered':
    console.log(`delivered to ${deviceId} by pod ${result.podId}`);
    break;
  case 'unknown': // the device may have it: send it again only if that does no harm
    console.error(`unknown: ${result.code}`);
    process.exitCode = 3;
    break;
  default:
    console.error(`not delivered: ${whyNot(result)}`);
    process.exitCode = 1;
}

function whyNot({ outcome, status, code, detail }) {
  if (outcome === 'offline') return `${deviceId} is not connected`;
  return outcome === 'refused' ? `${status} ${code}: ${detail}` : code;
}
