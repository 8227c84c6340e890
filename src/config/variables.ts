import { isIP } from 'node:net';
import { isCidr, isHostName, privateCidrs } from '@ws-connect/callback-client/internal/address';
import { isCallbackToken, isJwksUrl, isJwtSecret, isOriginValue, isTrimmed } from './auth-settings.ts';
import { isWildcard } from './listen-address.ts';
import { parseRedisUrl } from './redis-url.ts';
import { integer, list, matching, ms, oneOf, port, secret } from './variable.ts';

/** Every variable the program reads. */
export const variables = {
  HOST: matching(
    'address on which the three ports listen; by default every address, IPv6 and IPv4',
    'an IP address',
    (value) => isIP(value) !== 0,
  ),
  DEVICE_PORT: port('port for devices; 0 takes any free port', 8080),
  CALLBACK_PORT: port('port for services and other pods', 8081),
  CALLBACK_ADVERTISED_PORT: integer(
    'callback port published in the registry, if a port mapping stands in front of the pod; by default the port on which the pod listens',
    undefined,
    1,
    65_535,
  ),
  ADMIN_PORT: port('port for the kubelet, Prometheus and operators', 8082),
  ADMIN_HOSTS: list(
    'host names under which clients reach the admin port; IP addresses and localhost are always allowed; by default none',
    'host names such as pods.example.com, without a port, separated by commas',
    isHostName,
  ),
  POD_IP: matching(
    'address published in the registry, at which other pods reach this one; by default HOST if that is one address, else the first external address (IPv4 before IPv6), or 127.0.0.1 without Redis',
    'an IP address that other pods reach',
    (value) => isIP(value) !== 0 && !isWildcard(value),
  ),
  POD_UID: matching(
    'unique name of this pod in the registry; it must never be used again for another pod; by default a random UUID',
    '1 to 128 of A-Z a-z 0-9 . _ : -',
    (value) => /^[A-Za-z0-9._:-]{1,128}$/.test(value),
  ),
  POD_CIDRS: list(
    'address ranges of the pods; callbacks are forwarded only to addresses inside them',
    'ranges such as 10.0.0.0/8, separated by commas',
    isCidr,
    privateCidrs.join(','),
  ),
  REDIS_URL: matching(
    'Redis of the registry; without it a single pod keeps the registry in memory',
    'redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB or redis+cluster://HOST:PORT,HOST:PORT, or rediss for TLS, with user info, percent-encoded, and without a query',
    (value) => parseRedisUrl(value) !== undefined,
  ),
  REDIS_SENTINEL_USERNAME: secret(
    matching('user name for the Sentinels; by default none', 'any text without a space at either end', isTrimmed),
  ),
  REDIS_SENTINEL_PASSWORD: secret(
    matching(
      'password for the Sentinels, if they require one; the password of the Redis servers is part of REDIS_URL',
      'any text without a space at either end',
      isTrimmed,
    ),
  ),
  REDIS_PREFIX: matching(
    'prefix of every Redis key',
    '1 to 64 of A-Z a-z 0-9 . _ : -',
    (value) => /^[A-Za-z0-9._:-]{1,64}$/.test(value),
    'ws-connect',
  ),
  LEASE_TTL_MS: ms(
    'lifetime of a registry entry that is not refreshed; the pod refreshes it three times as often',
    60_000,
    300,
  ),
  REREGISTER_PER_SECOND: integer(
    'entries that the pod writes again per second after a registry outage',
    2000,
    1,
    1_000_000,
  ),
  RECONNECT_SPREAD_MS: ms('a drained device is asked to reconnect after a random time between 0 and this', 2000, 0),
  IDLE_AFTER_MS: ms('a connection without data for this long is idle', 3000, 1),
  PING_INTERVAL_MS: ms('how often a device is pinged', 25_000, 10),
  PONG_TIMEOUT_MS: ms('a device that sends nothing for this long, not even a pong, is disconnected', 60_000, 20),
  MAX_CONNECTIONS: integer('most connections of this pod; 0 means no limit', 0, 0, 10_000_000),
  ACCEPTS_PER_SECOND: integer('connections that this pod accepts per second; 0 means no limit', 0, 0, 1_000_000),
  CONNECTS_PER_ADDRESS_PER_SECOND: integer(
    'connects per second from one IPv4 address or one IPv6 /64; 0 means no limit',
    0,
    0,
    1_000_000,
  ),
  TRUSTED_PROXIES: list(
    'address ranges of the proxies whose X-Forwarded-For the pod believes; by default none',
    'ranges such as 10.0.0.0/8, separated by commas',
    isCidr,
  ),
  MESSAGES_PER_CONNECTION_PER_SECOND: integer(
    'messages per second from one device; a device that sends more is disconnected; 0 means no limit',
    0,
    0,
    1_000_000,
  ),
  CALLBACKS_PER_DEVICE_PER_SECOND: integer('callbacks per second to one device; 0 means no limit', 0, 0, 1_000_000),
  MAX_PAYLOAD_BYTES: integer('largest body of a callback, and largest message from a device', 65_536, 1, 16_777_216),
  MAX_BUFFERED_BYTES: integer(
    'bytes that may wait for one slow device; each waiting callback counts 8 KiB more; a device that stays slow is disconnected',
    1_048_576,
    1,
    1_073_741_824,
  ),
  DRAIN_SWEEPS: integer('most sweeps of a drain', 20, 1, 1000),
  DRAIN_INTERVAL_MS: ms('time from one sweep to the next', 1000, 10),
  DRAIN_MIN_BATCH: integer('a sweep may close this many connections even if few are left', 100, 1, 10_000_000),
  DRAIN_PACE: oneOf('even: spread the closes of a sweep over its interval; burst: close all idle connections at once', [
    'even',
    'burst',
  ]),
  DRAIN_DEADLINE_MS: ms('a drain that takes longer than this is ended by force', 25_000, 1),
  FLEET_CLOSES_PER_SECOND: integer(
    'idle connections that all draining pods together close per second; 0 means no limit',
    0,
    0,
    1_000_000,
  ),
  TERMINATION_GRACE_MS: ms(
    'terminationGracePeriodSeconds of the pod in ms; the pod does not start if its drain takes longer',
    45_000,
    1,
  ),
  DEVICE_AUTH: oneOf('how devices authenticate', ['none', 'jwt']),
  DEVICE_JWT_SECRET: secret(
    matching('HS256 key of the device tokens', 'at least 32 bytes, and no space at either end', isJwtSecret),
  ),
  DEVICE_JWKS_URL: matching(
    'URL of the JWK set with the public keys of the device tokens; use it instead of DEVICE_JWT_SECRET',
    'an http or https URL without user info',
    isJwksUrl,
  ),
  DEVICE_JWT_ISSUER: matching('required iss claim of device tokens; by default any', 'any text', () => true),
  DEVICE_JWT_AUDIENCE: matching('required aud claim of device tokens; by default any', 'any text', () => true),
  ALLOWED_ORIGINS: list(
    'Origin headers that may connect; by default all',
    'values such as https://app.example.com, file:// or null, separated by commas; each is compared literally, wildcards (*) are not supported',
    isOriginValue,
  ),
  CALLBACK_AUTH: oneOf('how services and other pods authenticate', ['none', 'bearer']),
  CALLBACK_TOKENS: secret(
    list(
      'tokens that services may use; from the first one the pod derives what it sends to other pods',
      'tokens of at least 16 of A-Z a-z 0-9 . _ ~ + / -, separated by commas',
      isCallbackToken,
    ),
  ),
  LOG_LEVEL: oneOf('lowest level that is logged', ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent']),
};
