import { parseArgs } from 'node:util';
import { UsageError } from '../base/usage-error.ts';
import type { Balance } from './balancer.ts';
import type { HookDelivery } from './kubelet.ts';
import type { OptionName } from './option-table.ts';
import { optionNames, optionRows } from './option-table.ts';
import type { Limits } from './verdict.ts';

/** A fleet somewhere else, which is watched and not touched. */
export interface Elsewhere {
  /** `ws://HOST:PORT` */
  devicesAt: string;
  /** `http://HOST:PORT` of pods, or of what stands before them. */
  callbacksAt: string[];
  seconds: number;
}

export interface RehearseOptions {
  help: boolean;
  json: boolean;
  pods: number;
  devices: number;
  /** Per cent of the devices; those that are neither parked nor slow are chatty. */
  parked: number;
  slow: number;
  /** Callbacks per second. */
  rate: number;
  deadlineMs: number;
  hook: HookDelivery;
  lagMs: number;
  minReadyMs: number;
  overlap: boolean;
  balance: Balance;
  seed: number;
  redisUrl: string | undefined;
  elsewhere: Elsewhere | undefined;
  limits: Limits;
  /** Variables of the pods that have an option of their own, as far as they were given. */
  podEnvironment: Record<string, string>;
}

/** Reads the arguments after `rehearse`. Throws `UsageError`. */
export function parseRehearseOptions(args: string[]): RehearseOptions {
  const given = parse(args);
  const text = (name: OptionName): string | undefined => {
    const value = given[name];
    const { default: fallback, allows, allowed, isSecret } = optionRows[name];
    if (typeof value !== 'string') return fallback || undefined;
    if (allows?.(value)) return value;
    throw usage(`--${name} ${isSecret ? '***' : value} is not allowed. Use ${allowed}`);
  };
  const numeric = (name: OptionName): number => Number(text(name));
  const optional = (name: OptionName): number | undefined => (text(name) === undefined ? undefined : numeric(name));
  const parsed: RehearseOptions = {
    help: given['help'] === true,
    json: given['json'] === true,
    overlap: given['overlap'] === true,
    pods: numeric('pods'),
    devices: numeric('devices'),
    parked: numeric('parked'),
    slow: numeric('slow'),
    rate: numeric('rate'),
    deadlineMs: numeric('deadline-ms'),
    hook: text('hook') as HookDelivery,
    lagMs: numeric('lag-ms'),
    minReadyMs: numeric('min-ready-ms'),
    balance: text('balance') as Balance,
    seed: numeric('seed'),
    redisUrl: text('redis'),
    elsewhere: elsewhere(text),
    limits: {
      lost: numeric('max-lost'),
      duplicated: optional('max-duplicated'),
      gapP99Ms: optional('max-gap-p99-ms'),
      peakRatio: optional('max-peak-ratio'),
    },
    podEnvironment: podEnvironment(text),
  };
  if (parsed.parked + parsed.slow > 100) throw usage('--parked and --slow together are more than 100 percent');
  return parsed;
}

function parse(args: string[]): Record<string, string | boolean | undefined> {
  try {
    const types = optionNames.map((name) => [name, { type: optionRows[name].value ? 'string' : 'boolean' } as const]);
    return parseArgs({ args, options: Object.fromEntries(types) }).values as Record<string, string | boolean>;
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function elsewhere(text: (name: OptionName) => string | undefined): Elsewhere | undefined {
  const [devicesAt, callbacksAt] = [text('devices-at'), text('callbacks-at')];
  if (devicesAt === undefined && callbacksAt === undefined) return undefined;
  if (devicesAt === undefined || callbacksAt === undefined) {
    throw usage('--devices-at and --callbacks-at need each other. Use both or neither');
  }
  const bases = callbacksAt.split(',').map((base) => base.replace(/\/$/, ''));
  return { devicesAt: devicesAt.replace(/\/$/, ''), callbacksAt: bases, seconds: Number(text('seconds')) };
}

function podEnvironment(text: (name: OptionName) => string | undefined): Record<string, string> {
  const variables = { DRAIN_PACE: text('pace'), DRAIN_SWEEPS: text('sweeps'), TERMINATION_GRACE_MS: text('grace-ms') };
  return Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function usage(message: string): UsageError {
  return new UsageError(`${message}\nTry ws-connect rehearse --help.`);
}
