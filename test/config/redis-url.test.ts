import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RedisUrl } from '../../src/config/redis-url.ts';
import { parseRedisUrl } from '../../src/config/redis-url.ts';

const plain: RedisUrl = {
  kind: 'single',
  tls: false,
  username: undefined,
  password: undefined,
  hosts: [{ host: 'redis', port: 6379 }],
  master: undefined,
  db: 0,
};
const a = (port: number) => ({ host: 'a', port });
const b = (port: number) => ({ host: 'b', port });

describe('a Redis URL', () => {
  it.each<[string, Partial<RedisUrl>]>([
    ['redis://redis', {}],
    ['redis://redis:6379', {}],
    ['redis://redis/', {}],
    ['redis://redis:6380/3', { hosts: [{ host: 'redis', port: 6380 }], db: 3 }],
    ['redis://redis:80', { hosts: [{ host: 'redis', port: 80 }] }],
    ['redis://redis:080', { hosts: [{ host: 'redis', port: 80 }] }],
    ['redis://10.0.0.1:1', { hosts: [{ host: '10.0.0.1', port: 1 }] }],
    ['redis://[::1]:7000/1', { hosts: [{ host: '::1', port: 7000 }], db: 1 }],
    ['redis://[fd00::1]', { hosts: [{ host: 'fd00::1', port: 6379 }] }],
    ['redis://redis-0.redis.default.svc', { hosts: [{ host: 'redis-0.redis.default.svc', port: 6379 }] }],
    ['rediss://redis', { tls: true }],
    ['redis://user:word@redis', { username: 'user', password: 'word' }],
    ['redis://:word@redis', { password: 'word' }],
    ['redis://user@redis', { username: 'user' }],
    ['redis://@redis', {}],
    ['redis://user:a:b@redis', { username: 'user', password: 'a:b' }],
    ['redis://us%40er:p%40ss%2Fw%3Ard%25@redis', { username: 'us@er', password: 'p@ss/w:rd%' }],
    ['redis+sentinel://a,b/main', { kind: 'sentinel', hosts: [a(26_379), b(26_379)], master: 'main' }],
    ['redis+sentinel://a:1/my.main-1/2', { kind: 'sentinel', hosts: [a(1)], master: 'my.main-1', db: 2 }],
    ['rediss+sentinel://:w@a:1/m', { kind: 'sentinel', tls: true, password: 'w', hosts: [a(1)], master: 'm' }],
    ['redis+cluster://a:1,b', { kind: 'cluster', hosts: [a(1), b(6379)] }],
    ['redis+cluster://a:1/', { kind: 'cluster', hosts: [a(1)] }],
    [
      'rediss+cluster://u:w@a,b',
      { kind: 'cluster', tls: true, username: 'u', password: 'w', hosts: [a(6379), b(6379)] },
    ],
  ])('%s is taken apart', (text, parts) => {
    expect(parseRedisUrl(text)).toEqual({ ...plain, ...parts });
  });

  it.each([
    '',
    'redis',
    'redis:',
    'redis://',
    'redis:///',
    'redis://:6379',
    'redis:redis',
    'REDIS://redis',
    'http://redis',
    'redisss://redis',
    'redis+other://redis',
    'redis+single://redis',
    'redis+://redis',
    'redis://redis:port',
    'redis://redis:65536',
    'redis://redis:-1',
    'redis://redis:6379/first',
    'redis://redis:6379/-1',
    'redis://redis:6379/1/2',
    'redis://redis?db=1',
    'redis://redis/1?password=x',
    'redis://redis#1',
    'redis://user:word@',
    'redis://us@er:word@redis',
    'redis://user:wo/rd@redis',
    'redis://user:wo%rd@redis',
    'redis://user:wo?rd@redis',
    'redis://a b',
    ' redis://redis',
    'redis://redis\n',
    'redis://redïs',
    'redis://a:1,b:2',
    'redis://a,',
    'redis+sentinel://a',
    'redis+sentinel://a/',
    'redis+sentinel://a//1',
    'redis+sentinel://a/main/first',
    'redis+sentinel://a/main/1/2',
    'redis+sentinel://a,,b/main',
    'redis+sentinel://,a/main',
    'redis+cluster://a:1,b:2/1',
    'redis+cluster://a:1,b:2/main',
    'redis+cluster://',
  ])('%j is none', (text) => {
    expect(parseRedisUrl(text)).toBeUndefined();
  });

  it('gives back any name and password that were percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (username, password) => {
        const url = `redis+sentinel://${encodeURIComponent(username)}:${encodeURIComponent(password)}@a:1,b:2/main/3`;
        expect(parseRedisUrl(url)).toMatchObject({ username, password, hosts: [a(1), b(2)], master: 'main', db: 3 });
      }),
    );
  });

  it('is nothing that throws, whatever it is', () => {
    const odd = fc.string({ unit: fc.constantFrom(...Array.from('redis+:/@,%[]?#0a. \n')) });

    fc.assert(
      fc.property(odd, (text) => {
        const { hosts = [] } = parseRedisUrl(`redis://${text}`) ?? {};
        expect(hosts.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
