import { randomUUID } from 'node:crypto';
import { insideCidrs } from '@ws-connect/callback-client/internal/address';
import type { DrainPlan } from '../machines/drain-plan.ts';
import { exitMarginMs, planDrain } from '../machines/drain-plan.ts';
import { authMistake, originAdvice } from './config/auth-settings.ts';
import { externalAddress, hostMistake, isWildcard, needsTranslation } from './config/listen-address.ts';
import { sentinelMistake } from './config/redis-url.ts';
import type { Variable } from './config/variable.ts';
import { variables } from './config/variables.ts';

/** The configuration cannot be used. The message names the variable, its value and what is allowed. */
export class ConfigError extends Error {
  readonly code = 'config';

  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

type Variables = typeof variables;
/** `MAX_PAYLOAD_BYTES` is `maxPayloadBytes`. */
type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<CamelCase<Rest>>}`
  : Lowercase<Name>;
type Parsed = {
  [Name in keyof Variables as CamelCase<Name>]: Variables[Name] extends Variable<infer T> ? T : never;
};
type WithoutDefault =
  | 'host'
  | 'adminHosts'
  | 'callbackAdvertisedPort'
  | 'redisUrl'
  | 'redisSentinelUsername'
  | 'redisSentinelPassword'
  | 'trustedProxies'
  | 'deviceJwtSecret'
  | 'deviceJwksUrl'
  | 'deviceJwtIssuer'
  | 'deviceJwtAudience'
  | 'allowedOrigins'
  | 'callbackTokens';

/** The effective values, and the plan of a drain that follows from them. `MAX_PAYLOAD_BYTES` is `maxPayloadBytes` here. */
export type Config = Omit<Parsed, WithoutDefault | 'podUid'> & {
  [Name in WithoutDefault]: Parsed[Name] | undefined;
} & {
  /** POD_UID, or a random UUID. */
  podId: string;
  drainPlan: DrainPlan;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the environment. An empty value counts as none. Throws `ConfigError` at the first thing wrong. */
export function loadConfig(env: Environment): Config {
  const { podUid, ...values } = Object.fromEntries(
    variableNames().map((name) => [camelCase(name), parse(name, env[name])]),
  ) as Parsed;
  const podIp = values.podIp || podAddress(values);
  const mistake = authMistake(values) ?? sentinelMistake(values) ?? hostMistake({ ...values, podIp });
  if (mistake) throw new ConfigError(mistake);
  return { ...values, podIp, podId: podUid || randomUUID(), drainPlan: checkedPlan(values) };
}

function propertyOf(name: keyof Variables): Exclude<keyof Config, 'drainPlan'> {
  return name === 'POD_UID' ? 'podId' : camelCase(name);
}

function camelCase<Name extends string>(name: Name): CamelCase<Name> {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as CamelCase<Name>;
}

/** Settings that are allowed but probably a mistake, each as a sentence for the log at start. */
export function configWarnings(config: Config): string[] {
  const warnings = [];
  if (config.redisUrl && config.deviceAuth === 'none') {
    warnings.push('DEVICE_AUTH=none: any client that reaches the device port can pretend to be any device');
  }
  if (config.callbackTokens && config.callbackAuth === 'none') {
    warnings.push(
      'CALLBACK_AUTH=none: this pod proves itself to other pods with CALLBACK_TOKENS, but it asks no caller for a token',
    );
  }
  for (const origin of config.allowedOrigins ?? []) {
    const advice = originAdvice(origin);
    if (advice) warnings.push(`ALLOWED_ORIGINS contains ${printable('ALLOWED_ORIGINS', origin)}: ${advice}`);
  }
  if (config.connectsPerAddressPerSecond > 0 && !config.trustedProxies) {
    warnings.push(
      'CONNECTS_PER_ADDRESS_PER_SECOND is set without TRUSTED_PROXIES: all devices behind one proxy share its limit',
    );
  }
  if (config.connectsPerAddressPerSecond === 0 && config.trustedProxies) {
    warnings.push('TRUSTED_PROXIES has no effect without CONNECTS_PER_ADDRESS_PER_SECOND');
  }
  if (needsTranslation(config)) {
    warnings.push('POD_IP is not HOST: other pods reach this pod only if the network translates POD_IP to HOST');
  }
  if (!insideCidrs(config.podCidrs)(config.podIp)) {
    warnings.push(
      'POD_IP is outside POD_CIDRS: other pods with the same POD_CIDRS do not forward callbacks to this pod',
    );
  }
  if (config.pongTimeoutMs <= config.pingIntervalMs) {
    warnings.push(
      'PONG_TIMEOUT_MS is not larger than PING_INTERVAL_MS: a quiet device is disconnected before it is pinged',
    );
  }
  if (config.drainPlan.longestMs > config.drainPlan.forcedAfterMs) {
    warnings.push(
      'All sweeps together take longer than DRAIN_DEADLINE_MS: a drain with active devices is ended by force',
    );
  }
  return warnings;
}

/** What --print-config shows: the values as the environment would have them, with secrets masked. */
export function printableConfig(config: Config): Record<string, string> {
  return Object.fromEntries(
    variableNames().map((name) => [name, printable(name, String(config[propertyOf(name)] ?? ''))]),
  );
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
  throw new ConfigError(`${name}=${refused(name, given)} is not allowed. Use ${allowed}`);
}

function checkedPlan(values: Omit<Parsed, 'podUid'>): DrainPlan {
  const plan = planDrain({
    sweeps: values.drainSweeps,
    intervalMs: values.drainIntervalMs,
    minBatch: values.drainMinBatch,
    pace: values.drainPace,
    deadlineMs: values.drainDeadlineMs,
    graceMs: values.terminationGraceMs,
  });
  if (plan.fits) return plan;
  throw new ConfigError(
    `TERMINATION_GRACE_MS=${plan.graceMs} is too short. A drain of DRAIN_SWEEPS=${plan.sweeps} every DRAIN_INTERVAL_MS=${plan.intervalMs} ` +
      `takes up to ${plan.longestMs} ms, and the exit ${exitMarginMs} ms more. Use at least ${plan.longestMs + exitMarginMs}, or fewer sweeps`,
  );
}

/** On one line and without secrets. In a URL these are the user info, the query and the fragment. */
function printable(name: keyof Variables, value: string): string {
  const { secret: isSecret }: Variable<unknown> = variables[name];
  if (isSecret) return value && '***';
  const open = value.replace(/^([\w+]*:\/\/)?[^]*@/, '$1***@').replace(/[?#][^]*$/, '?***');
  return JSON.stringify(open).slice(1, -1);
}

/** The same for a refused value. In a malformed URL a secret may begin anywhere, so only the scheme is shown. */
function refused(name: keyof Variables, value: string): string {
  if (!isUrl(name)) return printable(name, value);
  const [scheme = ''] = /^(rediss?(\+(sentinel|cluster))?|https?):\/\//.exec(value) ?? [];
  return `${scheme}***`;
}

function isUrl(name: keyof Variables): boolean {
  return name.endsWith('_URL');
}

/** By default the address that the pod listens on, because other pods reach it there. Without Redis there are no other pods. */
function podAddress({ host, redisUrl }: Pick<Parsed, 'host' | 'redisUrl'>): string {
  if (host !== undefined && !isWildcard(host)) return host;
  if (!redisUrl) return '127.0.0.1';
  const address = externalAddress();
  if (address !== undefined) return address;
  throw new ConfigError(
    'POD_IP is not set, and this host has no external address. Set POD_IP to the address at which other pods reach this one',
  );
}
