import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { loadConfig } from '../config.ts';
import type { Environment } from '../config.ts';
import { RedisRegistry } from '../registry/redis.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import { RegistryUnavailable } from '../registry/registry.ts';
import type { Balancer, Endpoint } from './balancer.ts';
import type { Owner } from './caller.ts';
import { Fleet } from './fleet.ts';
import type { Elsewhere, RehearseOptions } from './options.ts';
import type { PodProcess } from './pod-process.ts';
import { startOwnRedis } from './redis.ts';
import type { Departure } from './report.ts';
import { rollOut } from './rollout.ts';
import type { Interval } from './statistics.ts';

/** What a stage is built from. */
export interface Setting {
  options: RehearseOptions;
  /** How a pod is run, and in which environment. */
  program: { command: string; args: string[] };
  env: Environment;
  openBalancer: () => Promise<Balancer>;
  clock: Clock;
  /** Progress, a line at a time. */
  tell: (line: string) => void;
  signal: AbortSignal;
}

/** What devices and services talk to, and what becomes of it while they do. */
export interface Stage {
  devicesAt: string;
  pods: () => readonly Endpoint[];
  lookUp: ((deviceId: string) => Promise<Owner | undefined>) | undefined;
  run: () => Promise<(Departure & Interval)[]>;
}

/** Ends something. Last opened, first closed. */
export type Closer = () => Promise<void> | void;

/** Pods on this machine, which are replaced one by one. */
export async function ownFleet(setting: Setting, closers: Closer[]): Promise<Stage> {
  const { options, clock, tell, signal } = setting;
  const { env, graceMs } = podEnvironment(setting);
  const redisUrl = options.redisUrl ?? (await ownRedis(closers));
  const balancer = await setting.openBalancer();
  closers.push(() => balancer.close());
  const fleet = new Fleet({ balancer, program: setting.program, env: { ...env, REDIS_URL: redisUrl } });
  closers.push(() => fleet.close());
  const old: PodProcess[] = [];
  while (old.length < options.pods) old.push(await fleet.start());
  tell(`${options.pods} pods are ready`);
  return {
    devicesAt: `ws://${balancer.address}`,
    pods: () => fleet.callbackEndpoints,
    lookUp: openLookup(redisUrl, env['REDIS_PREFIX']!, env, closers),
    run: () => rollOut({ ...options, fleet, old, graceMs, clock, tell, signal }),
  };
}

/** A fleet somewhere else, which is only watched. */
export function watched(elsewhere: Elsewhere, { options, env, signal }: Setting, closers: Closer[]): Stage {
  const { devicesAt, callbacksAt, seconds } = elsewhere;
  const pods = callbacksAt.map((base) => {
    const { hostname, port } = new URL(base);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || '80') };
  });
  const prefix = loadConfig({ REDIS_PREFIX: env['REDIS_PREFIX'], POD_IP: '127.0.0.1' }).redisPrefix;
  return {
    devicesAt,
    pods: () => pods,
    lookUp: options.redisUrl === undefined ? undefined : openLookup(options.redisUrl, prefix, env, closers),
    async run() {
      await delay(seconds * 1000, undefined, { signal });
      return [];
    },
  };
}

/** The environment of a pod, checked, with keys of its own in the registry so that a shared Redis may serve. */
function podEnvironment({ env, options }: Setting) {
  const REDIS_PREFIX = `rehearsal-${randomBytes(4).toString('hex')}`;
  const ofRedis = options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl };
  const own = { ...env, ...options.podEnvironment, ...ofRedis, REDIS_PREFIX };
  const { drainPlan } = loadConfig({ ...own, POD_IP: '127.0.0.1' }); // what is wrong is said before anything is started
  return { env: own as Record<string, string>, graceMs: drainPlan.graceMs };
}

async function ownRedis(closers: Closer[]): Promise<string> {
  const redis = await startOwnRedis();
  closers.push(() => redis.stop());
  return redis.url;
}

/** Looks devices up as services do. */
function openLookup(text: string, prefix: string, env: Environment, closers: Closer[]) {
  const events = { connected() {}, lost() {}, error() {} }; // a lookup that fails says so itself
  const sentinelLogin = { username: env['REDIS_SENTINEL_USERNAME'], password: env['REDIS_SENTINEL_PASSWORD'] };
  const registry = new RedisRegistry({ url: parseRedisUrl(text)!, prefix, leaseTtlMs: 60_000, events, sentinelLogin });
  closers.push(() => registry.close());
  return async (deviceId: string): Promise<Owner | undefined> => {
    const [entry] = await registry.lookup([deviceId]);
    if (!entry || entry instanceof RegistryUnavailable) return undefined;
    return { host: entry.serverIp, port: entry.port, podId: entry.podId };
  };
}
