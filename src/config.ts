import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { DrainPlan } from '../machines/drain-plan.ts';
import { exitMarginMs, planDrain } from '../machines/drain-plan.ts';
import { insideCidrs, isCidr, isHostName, privateCidrs } from './address.ts';
import {
  authMistake,
  isCallbackToken,
  isJwksUrl,
  isJwtSecret,
  isOriginValue,
  isTrimmed,
  originAdvice,
} from './auth-settings.ts';
import { externalAddress, hostMistake, isWildcard, needsTranslation } from './listen-address.ts';
import { parseRedisUrl, sentinelMistake } from './registry/redis-url.ts';
import type { Variable } from './variable.ts';
import { integer, list, matching, ms, oneOf, port, secret } from './variable.ts';

/** The configuration cannot be used; the message names the variable, the value and what is allowed. */
export class ConfigError extends Error {
  readonly code = 'config';

  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** Every variable the program reads. */
const variables = {
  HOST: matching(
    'address the listeners bind to; by default every one, IPv6 and IPv4',
    'an IP address',
    (value) => isIP(value) !== 0,
  ),
  DEVICE_PORT: port('port for devices; 0 is any free one', 8080),
  CALLBACK_PORT: port('port for services and other pods', 8081),
  CALLBACK_ADVERTISED_PORT: integer(
    'callback port published in the registry, when something before the pod maps another port to CALLBACK_PORT; by default the port listened on',
    undefined,
    1,
    65_535,
  ),
  ADMIN_PORT: port('port for the kubelet, Prometheus and operators', 8082),
  ADMIN_HOSTS: list(
    'names by which browsers and others reach the admin port, beside IP addresses and localhost; by default none',
    'host names such as pods.example.com, without a port, separated by commas',
    isHostName,
  ),
  POD_IP: matching(
    'address published in the registry; by default HOST if it is one address, else the first external one, IPv4 before IPv6, or 127.0.0.1 without Redis',
    'an IP address other pods reach',
    (value) => isIP(value) !== 0 && !isWildcard(value),
  ),
  POD_UID: matching(
    'name of this pod in the registry, never that of another pod, not even of one that is gone; by default a random one',
    '1 to 128 of A-Z a-z 0-9 . _ : -',
    (value) => /^[A-Za-z0-9._:-]{1,128}$/.test(value),
  ),
  POD_CIDRS: list(
    'where other pods may be: a callback is forwarded nowhere else',
    'ranges such as 10.0.0.0/8, separated by commas',
    isCidr,
    privateCidrs.join(','),
  ),
  REDIS_URL: matching(
    'the registry; without it one pod keeps it in memory',
    'redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB or redis+cluster://HOST:PORT,HOST:PORT, or rediss for TLS, with user info, percent-encoded, and without a query',
    (value) => parseRedisUrl(value) !== undefined,
  ),
  REDIS_SENTINEL_USERNAME: secret(
    matching(
      'who the Sentinels are told this pod is; by default nobody',
      'any text without a space at either end',
      isTrimmed,
    ),
  ),
  REDIS_SENTINEL_PASSWORD: secret(
    matching(
      'the password of the Sentinels, if they ask for one; that of the servers is in REDIS_URL',
      'any text without a space at either end',
      isTrimmed,
    ),
  ),
  REDIS_PREFIX: matching(
    'what every Redis key begins with',
    '1 to 64 of A-Z a-z 0-9 . _ : -',
    (value) => /^[A-Za-z0-9._:-]{1,64}$/.test(value),
    'ws-connect',
  ),
  LEASE_TTL_MS: ms('how long an entry outlives its pod; refreshed every third of it', 60_000, 300),
  REREGISTER_PER_SECOND: integer('entries repaired in a second after a registry outage', 2000, 1, 1_000_000),
  RECONNECT_SPREAD_MS: ms('a drained device is asked to come back after a random time up to this', 2000, 0),
  IDLE_AFTER_MS: ms('a connection without data for this long is idle', 3000, 1),
  PING_INTERVAL_MS: ms('how often a device is pinged', 25_000, 10),
  PONG_TIMEOUT_MS: ms('a device not heard of for this long is cut off', 60_000, 20),
  MAX_CONNECTIONS: integer('connections this pod takes; 0 is no limit', 0, 0, 10_000_000),
  ACCEPTS_PER_SECOND: integer('connections this pod accepts in a second; 0 is no limit', 0, 0, 1_000_000),
  CONNECTS_PER_ADDRESS_PER_SECOND: integer(
    'connects from one IPv4 address, or one /64 of IPv6, in a second; 0 is no limit',
    0,
    0,
    1_000_000,
  ),
  TRUSTED_PROXIES: list(
    'proxies whose X-Forwarded-For tells where a connect comes from; by default none',
    'ranges such as 10.0.0.0/8, separated by commas',
    isCidr,
  ),
  MESSAGES_PER_CONNECTION_PER_SECOND: integer(
    'messages of one connection in a second; more close it; 0 is no limit',
    0,
    0,
    1_000_000,
  ),
  CALLBACKS_PER_DEVICE_PER_SECOND: integer('callbacks to one device in a second; 0 is no limit', 0, 0, 1_000_000),
  MAX_PAYLOAD_BYTES: integer('largest callback body and largest message of a device', 65_536, 1, 16_777_216),
  MAX_BUFFERED_BYTES: integer(
    'bytes that may wait for one slow device, 8 KiB more for each callback that waits; one that stays slow is closed',
    1_048_576,
    1,
    1_073_741_824,
  ),
  DRAIN_SWEEPS: integer('rounds of a drain at most', 20, 1, 1000),
  DRAIN_INTERVAL_MS: ms('from one sweep to the next', 1000, 10),
  DRAIN_MIN_BATCH: integer('what a sweep may close even when few are left', 100, 1, 10_000_000),
  DRAIN_PACE: oneOf('spread the closes of a sweep over the interval, or close every idle one at once', [
    'even',
    'burst',
  ]),
  DRAIN_DEADLINE_MS: ms('the end of a drain is forced after this', 25_000, 1),
  FLEET_CLOSES_PER_SECOND: integer(
    'idle connections that all draining pods together close in a second; 0 is no limit',
    0,
    0,
    1_000_000,
  ),
  TERMINATION_GRACE_MS: ms('terminationGracePeriodSeconds of the pod; a drain that does not fit is refused', 45_000, 1),
  DEVICE_AUTH: oneOf('how devices prove who they are', ['none', 'jwt']),
  DEVICE_JWT_SECRET: secret(
    matching(
      'what the tokens of devices are signed with by HS256',
      'at least 32 bytes, and no space at either end',
      isJwtSecret,
    ),
  ),
  DEVICE_JWKS_URL: matching(
    'where the public keys are that the tokens of devices are signed for; instead of a secret',
    'an http or https URL without user info',
    isJwksUrl,
  ),
  DEVICE_JWT_ISSUER: matching('the iss that tokens of devices must have; by default any', 'any text', () => true),
  DEVICE_JWT_AUDIENCE: matching('the aud that tokens of devices must have; by default any', 'any text', () => true),
  ALLOWED_ORIGINS: list(
    'values of the Origin header with which devices may connect; by default all',
    'values such as https://app.example.com, file:// or null, separated by commas, each compared as it stands; wildcards (*) are not supported',
    isOriginValue,
  ),
  CALLBACK_AUTH: oneOf('how services and other pods prove who they are', ['none', 'bearer']),
  CALLBACK_TOKENS: secret(
    list(
      'the tokens services may show; what this pod shows to other pods is derived from the first of them',
      'tokens of at least 16 of A-Z a-z 0-9 . _ ~ + / -, separated by commas',
      isCallbackToken,
    ),
  ),
  LOG_LEVEL: oneOf('what is logged', ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent']),
};

type Variables = typeof variables;
type Parsed = { [Name in keyof Variables]: Variables[Name] extends Variable<infer T> ? T : never };
type WorkedOut = 'POD_IP' | 'POD_UID';
type Optional =
  | 'HOST'
  | 'ADMIN_HOSTS'
  | 'CALLBACK_ADVERTISED_PORT'
  | 'REDIS_URL'
  | 'REDIS_SENTINEL_USERNAME'
  | 'REDIS_SENTINEL_PASSWORD'
  | 'TRUSTED_PROXIES'
  | 'DEVICE_JWT_SECRET'
  | 'DEVICE_JWKS_URL'
  | 'DEVICE_JWT_ISSUER'
  | 'DEVICE_JWT_AUDIENCE'
  | 'ALLOWED_ORIGINS'
  | 'CALLBACK_TOKENS';

/** The effective values, by the names of their variables, and the plan of a drain that follows from them. */
export type Config = Omit<Parsed, WorkedOut | Optional> & {
  [Name in Optional]: Parsed[Name] | undefined;
} & {
  POD_IP: string;
  POD_UID: string;
  drainPlan: DrainPlan;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the environment. An empty value counts as none. Throws `ConfigError` at the first thing wrong. */
export function loadConfig(env: Environment): Config {
  const read = <Name extends keyof Variables>(name: Name) => parse(name, env[name]) as Parsed[Name];
  const values = Object.fromEntries(variableNames().map((name) => [name, read(name)])) as Parsed;
  const podIp = values.POD_IP || podAddress(values);
  const mistake = authMistake(values) ?? sentinelMistake(values) ?? hostMistake({ ...values, POD_IP: podIp });
  if (mistake) throw new ConfigError(mistake);
  return {
    ...values,
    POD_IP: podIp,
    POD_UID: env['POD_UID'] || randomUUID(),
    drainPlan: checkedPlan(values),
  };
}

/** What is allowed and yet worth a warning at start, in sentences. */
export function configWarnings(config: Config): string[] {
  const warnings = [];
  if (config.REDIS_URL && config.DEVICE_AUTH === 'none') {
    warnings.push('DEVICE_AUTH=none: whoever reaches the device port can be any device');
  }
  if (config.CALLBACK_TOKENS && config.CALLBACK_AUTH === 'none') {
    warnings.push('CALLBACK_AUTH=none: CALLBACK_TOKENS prove this pod to other pods, but nobody is asked for one');
  }
  for (const origin of config.ALLOWED_ORIGINS ?? []) {
    const advice = originAdvice(origin);
    if (advice) warnings.push(`ALLOWED_ORIGINS has ${printable('ALLOWED_ORIGINS', origin)}: ${advice}`);
  }
  if (config.CONNECTS_PER_ADDRESS_PER_SECOND > 0 && !config.TRUSTED_PROXIES) {
    warnings.push(
      'CONNECTS_PER_ADDRESS_PER_SECOND without TRUSTED_PROXIES: behind a proxy all devices share its address',
    );
  }
  if (config.CONNECTS_PER_ADDRESS_PER_SECOND === 0 && config.TRUSTED_PROXIES) {
    warnings.push('TRUSTED_PROXIES has no effect without CONNECTS_PER_ADDRESS_PER_SECOND');
  }
  if (needsTranslation(config)) {
    warnings.push(
      'POD_IP is not HOST: other pods reach this one only if the network translates the one into the other',
    );
  }
  if (!insideCidrs(config.POD_CIDRS)(config.POD_IP)) {
    warnings.push('POD_IP is outside POD_CIDRS: pods with the same setting forward no callback to this one');
  }
  if (config.PONG_TIMEOUT_MS <= config.PING_INTERVAL_MS) {
    warnings.push('PONG_TIMEOUT_MS is not above PING_INTERVAL_MS: quiet devices are cut off before they are pinged');
  }
  if (config.drainPlan.longestMs > config.drainPlan.forcedAfterMs) {
    warnings.push('the sweeps do not fit DRAIN_DEADLINE_MS: a drain with active devices ends by force');
  }
  return warnings;
}

/** The values --print-config shows: as they would stand in the environment, secrets blotted out. */
export function printableConfig(config: Config): Record<string, string> {
  return Object.fromEntries(variableNames().map((name) => [name, printable(name, String(config[name] ?? ''))]));
}

/** One row a variable, for --help and the documentation. */
export function configTable(): { name: string; default: string; allowed: string; about: string }[] {
  return variableNames().map((name) => {
    const { allowed, about, default: fallback = '' }: Variable<unknown> = variables[name];
    return { name, default: fallback, allowed, about };
  });
}

function variableNames() {
  return Object.keys(variables) as (keyof Variables)[];
}

function parse(name: keyof Variables, value: string | undefined): unknown {
  const { schema, allowed, default: fallback }: Variable<unknown> = variables[name];
  const given = value || fallback;
  if (given === undefined) return undefined;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(`${name}=${refused(name, given)}: allowed is ${allowed}`);
}

function checkedPlan(values: Parsed): DrainPlan {
  const plan = planDrain({
    sweeps: values.DRAIN_SWEEPS,
    intervalMs: values.DRAIN_INTERVAL_MS,
    minBatch: values.DRAIN_MIN_BATCH,
    pace: values.DRAIN_PACE,
    deadlineMs: values.DRAIN_DEADLINE_MS,
    graceMs: values.TERMINATION_GRACE_MS,
  });
  if (plan.fits) return plan;
  throw new ConfigError(
    `TERMINATION_GRACE_MS=${plan.graceMs}: a drain of DRAIN_SWEEPS=${plan.sweeps} every DRAIN_INTERVAL_MS=${plan.intervalMs} ` +
      `takes up to ${plan.longestMs} ms and the exit ${exitMarginMs} ms; allowed is at least ${plan.longestMs + exitMarginMs}, or fewer sweeps`,
  );
}

/** One line, and nothing of what may be a secret: in a URL before an @, in a query or in a fragment. */
function printable(name: keyof Variables, value: string): string {
  const { secret: isSecret }: Variable<unknown> = variables[name];
  if (isSecret) return value && '***';
  const open = value.replace(/^([\w+]*:\/\/)?[^]*@/, '$1***@').replace(/[?#][^]*$/, '?***');
  return JSON.stringify(open).slice(1, -1);
}

/** The same of a value that is not taken. Where a secret begins in what is no good URL nobody can say: nothing behind the scheme is shown. */
function refused(name: keyof Variables, value: string): string {
  if (!isUrl(name)) return printable(name, value);
  const [scheme = ''] = /^(rediss?(\+(sentinel|cluster))?|https?):\/\//.exec(value) ?? [];
  return `${scheme}***`;
}

function isUrl(name: keyof Variables): boolean {
  return name.endsWith('_URL');
}

/** By default other pods reach this one where it listens. Without Redis there are no others. */
function podAddress({ HOST, REDIS_URL }: Parsed): string {
  if (HOST !== undefined && !isWildcard(HOST)) return HOST;
  if (!REDIS_URL) return '127.0.0.1';
  const address = externalAddress();
  if (address !== undefined) return address;
  throw new ConfigError('POD_IP is not set and this host has no external address: set it to the one other pods reach');
}
