import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../src/config.ts';
import { ConfigError, configWarnings, loadConfig, printableConfig } from '../src/config.ts';

/** What the refusal of this environment says. */
function refusal(env: Environment): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('not refused');
}

describe('without any variable', () => {
  it('the defaults are those of the contract', () => {
    const config = loadConfig({});

    expect(config).toMatchObject({
      host: undefined,
      devicePort: 8080,
      callbackPort: 8081,
      adminPort: 8082,
      podIp: '127.0.0.1',
      callbackAdvertisedPort: undefined,
      redisUrl: undefined,
      redisPrefix: 'ws-connect',
      leaseTtlMs: 60_000,
      reregisterPerSecond: 2000,
      reconnectSpreadMs: 2000,
      idleAfterMs: 3000,
      pingIntervalMs: 25_000,
      pongTimeoutMs: 60_000,
      maxConnections: 0,
      connectsPerAddressPerSecond: 0,
      trustedProxies: undefined,
      messagesPerConnectionPerSecond: 0,
      callbacksPerDevicePerSecond: 0,
      maxPayloadBytes: 65_536,
      maxBufferedBytes: 1_048_576,
      drainSweeps: 20,
      drainIntervalMs: 1000,
      drainMinBatch: 100,
      drainPace: 'even',
      drainDeadlineMs: 25_000,
      terminationGraceMs: 45_000,
      deviceAuth: 'none',
      callbackAuth: 'none',
      logLevel: 'info',
    });
  });

  it('every pod has an id of its own', () => {
    const ids = [loadConfig({}).podId, loadConfig({}).podId];

    expect(ids[0]).toMatch(/^[A-Za-z0-9._:-]{8,}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('a variable', () => {
  it('replaces its default', () => {
    const config = loadConfig({
      DEVICE_PORT: '0',
      DRAIN_PACE: 'burst',
      POD_CIDRS: '10.1.0.0/16, fd00::/8',
      POD_UID: 'a',
    });

    expect(config).toMatchObject({
      devicePort: 0,
      drainPace: 'burst',
      podCidrs: ['10.1.0.0/16', 'fd00::/8'],
      podId: 'a',
    });
  });

  it('that is empty counts as not set', () => {
    const config = loadConfig({ DRAIN_SWEEPS: '', REDIS_URL: '', POD_IP: '' });

    expect(config).toMatchObject({ drainSweeps: 20, redisUrl: undefined, podIp: '127.0.0.1' });
  });

  it.each([
    ['DRAIN_SWEEPS', '-1', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '0', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '1.5', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '1e3', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '0x10', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', ' 5', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '5\n', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '٣', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', '99999999999999999999', 'a whole number from 1 to 1000'],
    ['DRAIN_SWEEPS', 'NaN', 'a whole number from 1 to 1000'],
    ['DEVICE_PORT', '65536', 'a whole number from 0 to 65535'],
    ['CALLBACK_ADVERTISED_PORT', '0', 'a whole number from 1 to 65535'],
    ['CALLBACK_ADVERTISED_PORT', '65536', 'a whole number from 1 to 65535'],
    ['DEVICE_PORT', 'http', 'a whole number from 0 to 65535'],
    ['MAX_PAYLOAD_BYTES', '0', 'a whole number from 1 to'],
    ['MAX_PAYLOAD_BYTES', '64k', 'a whole number from 1 to'],
    ['IDLE_AFTER_MS', '3s', 'a whole number from 1 to'],
    ['HOST', 'localhost', 'an IP address'],
    ['HOST', '::1%', 'an IP address'],
    ['POD_IP', 'pod-1.pods', 'an IP address'],
    ['POD_IP', '0.0.0.0', 'an IP address'],
    ['POD_IP', '0::0', 'an IP address'],
    ['POD_UID', 'a b', '1 to 128 of'],
    ['POD_UID', 'x'.repeat(129), '1 to 128 of'],
    ['POD_CIDRS', '10.0.0.0', 'ranges such as 10.0.0.0/8'],
    ['POD_CIDRS', '10.0.0.0/33', 'ranges such as 10.0.0.0/8'],
    ['POD_CIDRS', 'fc00::/129', 'ranges such as 10.0.0.0/8'],
    ['POD_CIDRS', '10.0.0.0/8,', 'ranges such as 10.0.0.0/8'],
    ['TRUSTED_PROXIES', '10.0.0.1', 'ranges such as 10.0.0.0/8'],
    ['CONNECTS_PER_ADDRESS_PER_SECOND', '-1', 'a whole number from 0 to 1000000'],
    ['REREGISTER_PER_SECOND', '0', 'a whole number from 1 to 1000000'],
    ['REREGISTER_PER_SECOND', '1000001', 'a whole number from 1 to 1000000'],
    ['REREGISTER_PER_SECOND', 'fast', 'a whole number from 1 to 1000000'],
    ['REDIS_PREFIX', 'a{b}', '1 to 64 of'],
    ['DRAIN_PACE', 'fast', 'even or burst'],
    ['DEVICE_AUTH', 'basic', 'none or jwt'],
    ['ALLOWED_ORIGINS', '*', 'wildcards (*) are not supported'],
    ['ALLOWED_ORIGINS', 'https://*.example.com', 'wildcards (*) are not supported'],
    ['ALLOWED_ORIGINS', 'https://app.example.com, *', 'wildcards (*) are not supported'],
    ['ALLOWED_ORIGINS', 'https://a.example https://b.example', 'separated by commas'],
    ['ALLOWED_ORIGINS', 'https://a.example,', 'separated by commas'],
    ['ALLOWED_ORIGINS', 'https://köln.example', 'values such as https://app.example.com'],
    ['ADMIN_HOSTS', 'pods.example.com:8082', 'without a port'],
    ['ADMIN_HOSTS', '*.example.com', 'host names such as pods.example.com'],
    ['ADMIN_HOSTS', 'http://pods.example.com', 'host names such as pods.example.com'],
    ['ADMIN_HOSTS', 'a,,b', 'separated by commas'],
    ['CALLBACK_AUTH', 'basic', 'none or bearer'],
    ['LOG_LEVEL', 'verbose', 'info or'],
  ])('%s=%j is refused by its name, the value and what is allowed', (name, value, allowed) => {
    const message = refusal({ [name]: value });

    expect(message).toContain(`${name}=`);
    expect(message).toContain(JSON.stringify(value).slice(1, -1));
    expect(message).toContain(allowed);
  });
});

describe('a URL', () => {
  it.each([
    ['REDIS_URL', 'localhost:6379', '***', 'redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB'],
    ['REDIS_URL', 'http://localhost:6379', 'http://***', 'redis+cluster://HOST:PORT,HOST:PORT'],
    ['REDIS_URL', 'redis://', 'redis://***', 'redis://HOST:PORT/DB'],
    ['REDIS_URL', 'redis://redis:6379/first', 'redis://***', 'redis://HOST:PORT/DB'],
    ['REDIS_URL', 'redis://a:1,b:2', 'redis://***', 'redis://HOST:PORT/DB'],
    ['REDIS_URL', 'redis+sentinel://a:1,b:2', 'redis+sentinel://***', 'redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB'],
    ['REDIS_URL', 'redis+cluster://a:1,b:2/0', 'redis+cluster://***', 'redis+cluster://HOST:PORT,HOST:PORT'],
    ['DEVICE_JWKS_URL', 'issuer/jwks.json', '***', 'an http or https URL'],
    ['DEVICE_JWKS_URL', 'file:///keys', '***', 'an http or https URL'],
  ])('that is refused, %s=%j, is not shown: nobody can say what of it is a password', (name, value, shown, allowed) => {
    const message = refusal({ [name]: value });

    expect(message.startsWith(`${name}=${shown} is not allowed. Use `)).toBe(true);
    expect(message).toContain(allowed);
  });
});

describe('the login of Sentinels', () => {
  const sentinels = { REDIS_URL: 'redis+sentinel://a/main', POD_IP: '10.0.0.1' };

  it.each<[string, string | undefined]>([
    ['a password alone', undefined],
    ['a user and a password', 'S3cret-user'],
  ])('is taken, and not printed: %s', (_what, user) => {
    const config = loadConfig({ ...sentinels, REDIS_SENTINEL_USERNAME: user, REDIS_SENTINEL_PASSWORD: 'S3cret' });

    expect(config).toMatchObject({ redisSentinelUsername: user, redisSentinelPassword: 'S3cret' });
    expect(JSON.stringify(printableConfig(config))).not.toContain('S3cret');
  });

  it.each<[string, Environment, string]>([
    [
      'a user without a password',
      { ...sentinels, REDIS_SENTINEL_USERNAME: 'S3cret' },
      'has no effect without REDIS_SENTINEL_PASSWORD',
    ],
    [
      'one server',
      { REDIS_URL: 'redis://a', REDIS_SENTINEL_PASSWORD: 'S3cret' },
      'does not begin with redis+sentinel://',
    ],
    ['no Redis', { REDIS_SENTINEL_PASSWORD: 'S3cret' }, 'does not begin with redis+sentinel://'],
    ['a line feed at the end', { ...sentinels, REDIS_SENTINEL_PASSWORD: 'S3cret\n' }, 'without a space at either end'],
  ])('is refused for %s', (_what, env, sentence) => {
    const message = refusal(env);

    expect(message).toContain(sentence);
    expect(message).not.toContain('S3cret');
  });
});

describe('a plan of a drain', () => {
  it('that fits the grace period is part of the configuration', () => {
    const { drainPlan } = loadConfig({ DRAIN_SWEEPS: '5', DRAIN_INTERVAL_MS: '2000', DRAIN_MIN_BATCH: '7' });

    expect(drainPlan).toMatchObject({ sweeps: 5, intervalMs: 2000, minBatch: 7, pace: 'even', fits: true });
  });

  it.each<[string, Environment]>([
    ['too many sweeps', { DRAIN_SWEEPS: '100' }],
    ['sweeps too far apart', { DRAIN_INTERVAL_MS: '10000' }],
    ['too short a grace period', { TERMINATION_GRACE_MS: '10000' }],
    ['one sweep as long as the grace period', { DRAIN_SWEEPS: '1', DRAIN_INTERVAL_MS: '45000' }],
  ])('that does not fit is refused: %s', (_what, env) => {
    const message = refusal(env);

    expect(message).toContain(`TERMINATION_GRACE_MS=${env['TERMINATION_GRACE_MS'] ?? 45_000}`);
    expect(message).toContain(`DRAIN_SWEEPS=${env['DRAIN_SWEEPS'] ?? 20}`);
    expect(message).toContain(`DRAIN_INTERVAL_MS=${env['DRAIN_INTERVAL_MS'] ?? 1000}`);
  });

  it('that was refused is taken with the grace period the refusal asks for', () => {
    const [, least] = /Use at least (\d+)/.exec(refusal({ DRAIN_SWEEPS: '100' })) ?? [];

    const { drainPlan } = loadConfig({ DRAIN_SWEEPS: '100', TERMINATION_GRACE_MS: least });
    const message = refusal({ DRAIN_SWEEPS: '100', TERMINATION_GRACE_MS: String(Number(least) - 1) });

    expect(drainPlan.fits).toBe(true);
    expect(message).toContain('TERMINATION_GRACE_MS');
  });
});

describe('a password', () => {
  it.each([
    'redis://user:S3cret@redis:6379',
    'redis://:S3cret@redis:6379/0',
    'rediss://user:S3cret@redis',
    'redis+sentinel://user:S3cret@a:1,b:2,redis/main/1',
    'rediss+cluster://:S3cret@redis:1,b:2',
  ])('in %j is not printed with the configuration', (url) => {
    const config = loadConfig({ REDIS_URL: url, POD_IP: '10.0.0.1' });

    const printed = JSON.stringify(printableConfig(config));

    expect(printed).not.toContain('S3cret');
    expect(printed).toContain('redis');
  });

  it.each([
    'http://user:S3cret@redis:6379',
    'redis://user:S3cret@',
    'redis+sentinel://user:S3cret@a:1,b:2',
    'redis+cluster://user:S3cret@a:1,b:2/main',
    'redis://user:a@S3cret@redis:6379',
    'user:S3cret@redis:6379',
    'redis://user:S3cret@redis:port',
    'redis://:S3cret@a b',
    'redis://user:S3cret%@redis:6379',
    'http://user:x\nS3cret@redis',
    'redis://user:S3cret\n@redis:6379',
    'redis://user:x\nS3cret@redis:6379',
    'redis://redis:6379?password=S3cret',
    'redis://user:S3cret',
    'redis://:S3cret:6379',
    'redis://user:S3cret:6379',
    'redis:user:S3cret',
    'redis:/user:S3cret@redis',
    'S3cret://redis',
    'user:S3cret',
    'S3cret',
    'redis://redis:6379#S3cret',
    'redis+sentinel://a:1,b:2/main/S3cret',
  ])('in %j is not printed in the refusal', (url) => {
    const message = refusal({ REDIS_URL: url });

    expect(message).toContain('REDIS_URL=');
    expect(message).not.toContain('S3cret');
  });
});

it('whatever is wrong with a URL, the refusal shows nothing that may be a password', () => {
  const password = 'S3cretPassw0rd';
  const odd = fc.string({ unit: fc.constantFrom(...Array.from('redis+:/@,%[]?#0a. \n\t'), '://', password) });

  fc.assert(
    fc.property(
      fc.constantFrom('REDIS_URL', 'DEVICE_JWKS_URL'),
      fc.constantFrom('', 'redis://', 'https://'),
      odd,
      (name, scheme, rest) => {
        let shown = '';
        try {
          loadConfig({
            DEVICE_AUTH: 'jwt',
            POD_IP: '10.0.0.1',
            DEVICE_JWT_SECRET: name === 'REDIS_URL' ? jwtSecret : undefined,
            [name]: scheme + rest,
          });
        } catch (error) {
          shown = (error as Error).message;
        }
        expect(shown).not.toContain(password);
      },
    ),
    { numRuns: 2000 },
  );
});

const jwtSecret = 'a S3cret of at least 32 bytes, so.';

describe('authentication that is set up by halves', () => {
  it.each<[string, Environment, string]>([
    ['jwt without anything to check with', { DEVICE_AUTH: 'jwt' }, 'DEVICE_AUTH=jwt needs a key'],
    [
      'a secret and public keys',
      { DEVICE_AUTH: 'jwt', DEVICE_JWT_SECRET: jwtSecret, DEVICE_JWKS_URL: 'https://a' },
      'Unset one of them',
    ],
    ['a secret nobody asks for', { DEVICE_JWT_SECRET: jwtSecret }, 'DEVICE_JWT_SECRET is set but DEVICE_AUTH=none'],
    ['keys nobody asks for', { DEVICE_JWKS_URL: 'https://a' }, 'DEVICE_JWKS_URL is set but DEVICE_AUTH=none'],
    ['an issuer nobody asks for', { DEVICE_JWT_ISSUER: 'me' }, 'DEVICE_JWT_ISSUER is set but DEVICE_AUTH=none'],
    ['an audience nobody asks for', { DEVICE_JWT_AUDIENCE: 'us' }, 'DEVICE_JWT_AUDIENCE is set but DEVICE_AUTH=none'],
    ['bearer without tokens', { CALLBACK_AUTH: 'bearer' }, 'CALLBACK_AUTH=bearer needs tokens'],
  ])('is refused: %s', (_what, env, sentence) => {
    const message = refusal(env);

    expect(message).toContain(sentence);
    expect(message).not.toContain('S3cret');
  });
});

describe('a secret', () => {
  it.each([
    ['DEVICE_JWT_SECRET', 'S3cret-of-31-bytes-is-too-short'],
    ['DEVICE_JWT_SECRET', `${jwtSecret}\n`],
    ['CALLBACK_TOKENS', 'S3cret-of-15-by'],
    ['CALLBACK_TOKENS', 'S3cret-of-16-byt,S3cret'],
    ['CALLBACK_TOKENS', 'S3cret-of-16-byt,'],
    ['CALLBACK_TOKENS', 'S3cret of 16 byt'],
    ['DEVICE_JWKS_URL', 'https://me:S3cret@issuer/jwks.json'],
    ['DEVICE_JWKS_URL', 'https:me:S3cret'],
    ['DEVICE_JWKS_URL', 'issuer/jwks.json#S3cret'],
  ])('that is refused is not shown: %s=%j', (name, value) => {
    const message = refusal({ [name]: value });

    expect(message).toMatch(new RegExp(`^${name}=.*\\*\\*\\* is not allowed. Use `));
    expect(message).not.toContain('S3cret');
  });

  it('that is taken is not printed with the configuration', () => {
    const config = loadConfig({
      DEVICE_AUTH: 'jwt',
      DEVICE_JWT_SECRET: jwtSecret,
      CALLBACK_AUTH: 'bearer',
      CALLBACK_TOKENS: 'S3cret-of-16-byt, another-S3cret-token',
    });

    const printed = printableConfig(config);

    expect(config.callbackTokens).toEqual(['S3cret-of-16-byt', 'another-S3cret-token']);
    expect(printed).toMatchObject({ DEVICE_JWT_SECRET: '***', CALLBACK_TOKENS: '***' });
    expect(JSON.stringify(printed)).not.toContain('S3cret');
  });
});

it('the printed configuration, given back as environment, is the same configuration', () => {
  const config = loadConfig({ REDIS_URL: 'redis://127.0.0.1:6379', POD_IP: '10.0.0.1', DRAIN_SWEEPS: '3' });

  const again = loadConfig(printableConfig(config));

  expect(again).toEqual(config);
});

it('with a Redis the address published is one that other pods can reach, or the start is refused', () => {
  const load = () => loadConfig({ REDIS_URL: 'redis://redis:6379' }).podIp;

  let outcome: string;
  try {
    outcome = load();
  } catch (error) {
    outcome = (error as ConfigError).message;
  }

  expect(outcome).toMatch(/^(?!127\.|::1$)[\d.a-f:]+$|POD_IP is not set/);
});

describe('a warning at start', () => {
  const warnings = (env: Environment) => configWarnings(loadConfig(env)).join('\n');

  it('is not given for the defaults', () => {
    expect(warnings({})).toBe('');
  });

  it('is not given for a limit by address that knows its proxies', () => {
    expect(warnings({ CONNECTS_PER_ADDRESS_PER_SECOND: '5', TRUSTED_PROXIES: '10.0.0.0/8' })).toBe('');
  });

  it('is not given for origins that browsers send, or that only devices send', () => {
    expect(warnings({ ALLOWED_ORIGINS: 'https://app.example.com,http://localhost:3000,null,file://' })).toBe('');
  });

  it.each([
    ['DEVICE_AUTH=none', { REDIS_URL: 'redis://127.0.0.1', POD_IP: '10.0.0.1' }],
    ['CALLBACK_AUTH=none', { CALLBACK_TOKENS: 'a-token-of-16-by' }],
    ['CONNECTS_PER_ADDRESS_PER_SECOND is set without TRUSTED_PROXIES', { CONNECTS_PER_ADDRESS_PER_SECOND: '5' }],
    ['TRUSTED_PROXIES has no effect', { TRUSTED_PROXIES: '10.0.0.0/8' }],
    ['POD_IP is outside POD_CIDRS', { POD_IP: '192.0.2.1' }],
    ['PONG_TIMEOUT_MS', { PONG_TIMEOUT_MS: '25000' }],
    ['DRAIN_DEADLINE_MS', { DRAIN_DEADLINE_MS: '22999' }],
    ['browsers send https://app.example.com', { ALLOWED_ORIGINS: 'https://App.example.com' }],
    ['browsers send https://app.example.com', { ALLOWED_ORIGINS: 'https://app.example.com/' }],
    ['browsers send https://app.example.com', { ALLOWED_ORIGINS: 'https://app.example.com:443' }],
    ['ALLOWED_ORIGINS contains app.example.com: no browser sends it', { ALLOWED_ORIGINS: 'app.example.com' }],
    ['ALLOWED_ORIGINS contains https://: no browser sends it', { ALLOWED_ORIGINS: 'https://' }],
  ])('is given for %s', (about, env) => {
    expect(warnings(env)).toContain(about);
  });
});
