import { describe, expect, it } from 'vitest';
import type { CallbackClientOptions } from '../../../src/clients/callback-client/callback-client.ts';
import { createCallbackClient } from '../../../src/clients/callback-client/callback-client.ts';
import { runClientWithEntries } from '../../support/callback-clients.ts';

const redis = { get: () => Promise.resolve(null) };
const pods = ['http://pods:8081'];

describe('options that are wrong throw', () => {
  it.each<[string, object, string]>([
    ['neither Redis nor pods', {}, 'set either redis or pods'],
    ['both', { redis, pods }, 'set either redis or pods'],
    ['a Redis that is not there', { redis: undefined }, 'set either redis or pods'],
    ['a Redis that is none', { redis: null }, 'redis must have a method get(key)'],
    ['a Redis that cannot be asked', { redis: {} }, 'redis must have a method get(key)'],
    ['a prefix with braces', { redis, prefix: 'a{b}' }, 'prefix must be 1 to 64'],
    [
      'a range that is none',
      { redis, podCidrs: ['10.0.0.0/8', '10.0.0.1'] },
      'podCidrs: 10.0.0.1 is not allowed. Use ranges',
    ],
    ['ranges that are no list', { redis, podCidrs: '10.0.0.0/8' }, 'podCidrs must be a list of ranges'],
    [
      'a cache for less than no time',
      { redis, cacheMs: -1 },
      'cacheMs must be a whole number from 0 to 86400000, not -1',
    ],
    ['a cache without room', { redis, maxCached: 0 }, 'maxCached must be'],
    ['a lookup without time', { redis, lookupTimeoutMs: 0 }, 'lookupTimeoutMs must be'],
    ['no pods', { pods: [] }, 'pods must be a list'],
    ['pods that are no list', { pods: pods[0] }, 'pods must be a list'],
    ['a pod without http', { pods: ['pods:8081'] }, 'pods: pods:8081 is not allowed. Use http://HOST:PORT'],
    ['a pod with https', { pods: ['https://pods'] }, 'pods: https://pods is not allowed'],
    ['a pod with a path', { pods: ['http://pods/callback'] }, 'pods: http://pods/callback is not allowed'],
    ['a pod with user info', { pods: ['http://a:b@pods'] }, 'pods: http://a:b@pods is not allowed'],
    ['a deadline of nothing', { redis, deadlineMs: 0 }, 'deadlineMs must be'],
    ['a fraction', { redis, deadlineMs: 1.5 }, 'deadlineMs must be a whole number from 1 to 86400000, not 1.5'],
    ['more than a day', { redis, answerTimeoutMs: 86_400_001 }, 'answerTimeoutMs must be'],
    ['a number that is none', { redis, reconnectWaitMs: '5' }, 'reconnectWaitMs must be a number'],
    ['no sockets', { redis, maxSocketsPerPod: 0 }, 'maxSocketsPerPod must be'],
    ['a negative breaker', { redis, breakerMs: -1 }, 'breakerMs must be'],
    ['a token that is none', { redis, token: 5 }, 'token must be a string'],
    ['a token that is no header', { redis, token: 'a\nb' }, 'Invalid character'],
  ])('%s', (_what, options, message) => {
    expect(() => createCallbackClient(options as CallbackClientOptions)).toThrow(message);
  });
});

describe('arguments that are wrong reject', () => {
  it.each([
    ['a bad deviceId', 'lamp/1', {}, TypeError],
    ['a bad deadline', 'lamp-1', { deadlineMs: Number.NaN }, RangeError],
    ['a bad wait', 'lamp-1', { reconnectWaitMs: -1 }, RangeError],
  ])('%s', async (_what, deviceId, options, kind) => {
    const { client } = runClientWithEntries();

    await expect(client.send(deviceId, 'x', options)).rejects.toThrow(kind);
  });

  it('at once where a batch has bad options', () => {
    const { client } = runClientWithEntries();

    expect(() => client.batch([], { atOnce: 0 })).toThrow('atOnce must be');
    expect(() => client.batch([], { deadlineMs: 0 })).toThrow('deadlineMs must be');
  });
});

it('pods may be named by IPv6 addresses, hosts and without a port', () => {
  const named = ['http://[::1]:8081', 'http://pods.example', 'http://10.0.0.7:8081/'];

  expect(() => createCallbackClient({ pods: named }).close()).not.toThrow();
});
