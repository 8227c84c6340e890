import { isCidr, privateCidrs } from './internal/address.ts';
import { checkHeader, checkWhole, longestMs } from './checks.ts';

/** Anything with a Redis GET: an ioredis or a node-redis instance, connected and yours to close. */
export interface RedisReader {
  get(key: string): Promise<string | null>;
}

/** The bearer token where pods run with CALLBACK_AUTH=bearer. A function is asked before every request; what it throws, `send` rejects with. */
export type Token = string | (() => string | Promise<string>);

interface CommonOptions {
  token?: Token;
  /** How long one message may take with all its tries, ms. Default 10,000, and with `ack` its `timeoutMs` more. */
  deadlineMs?: number;
  /** How long to go on with a device that is offline and may be on its way from one pod to another, ms. Default 0. */
  reconnectWaitMs?: number;
  /** How long one request waits for its answer, ms; with `ack` its `timeoutMs` more. Default 6000: a pod may need 5 s. */
  answerTimeoutMs?: number;
  /** How long a pod that did not answer is left alone, ms. Default 1000. */
  breakerMs?: number;
  /** Requests at once to one pod; more wait for their turn. Default 256. */
  maxSocketsPerPod?: number;
}

/** Looks each device up in Redis and asks the pod that has it. */
export interface DirectedOptions extends CommonOptions {
  redis: RedisReader;
  /** REDIS_PREFIX of the pods. Default `ws-connect`. */
  prefix?: string;
  /** How long an owner is remembered after it was looked up or has answered, ms; 0: not at all. Default 1000. */
  cacheMs?: number;
  /** Owners remembered at once. Default 10,000. */
  maxCached?: number;
  /** How long one lookup may take, ms. Default 1000. */
  lookupTimeoutMs?: number;
  /** Where pods may be. Entries with another address are not followed. Default: the private and loopback ranges, as POD_CIDRS. */
  podCidrs?: readonly string[];
}

/** Asks any pod, which forwards what is not its own. */
export interface UndirectedOptions extends CommonOptions {
  /** Base URLs of pods or of a Service, `http://HOST:PORT`. */
  pods: readonly string[];
}

export type CallbackClientOptions = DirectedOptions | UndirectedOptions;

/** The same with every default filled in. */
export type Settings = Required<Omit<CommonOptions, 'token'>> & { token: Token | undefined };
export type LookupSettings = Required<Omit<DirectedOptions, keyof CommonOptions>>;

/** Throws a TypeError or RangeError that names the option. */
export function checkSettings(options: CallbackClientOptions): Settings {
  const { token, deadlineMs = 10_000, reconnectWaitMs = 0, answerTimeoutMs = 6000, breakerMs = 1000 } = options;
  if (token !== undefined && typeof token !== 'function') checkHeader('token', token);
  return {
    token,
    deadlineMs: checkDeadline(deadlineMs),
    reconnectWaitMs: checkReconnectWait(reconnectWaitMs),
    answerTimeoutMs: checkWhole('answerTimeoutMs', answerTimeoutMs, 1, longestMs),
    breakerMs: checkWhole('breakerMs', breakerMs, 0, longestMs),
    maxSocketsPerPod: checkWhole('maxSocketsPerPod', options.maxSocketsPerPod ?? 256, 1, 65_535),
  };
}

/** Throws a RangeError unless it is a time a message can have. */
export function checkDeadline(deadlineMs: number): number {
  return checkWhole('deadlineMs', deadlineMs, 1, longestMs);
}

/** Throws a RangeError unless it is a time that may be given to a device to come back. */
export function checkReconnectWait(reconnectWaitMs: number): number {
  return checkWhole('reconnectWaitMs', reconnectWaitMs, 0, longestMs);
}

/** Throws as `checkSettings` does. */
export function checkLookup(options: DirectedOptions): LookupSettings {
  const { redis, prefix = 'ws-connect', cacheMs = 1000, podCidrs = privateCidrs } = options;
  if (typeof (redis as Partial<RedisReader> | null)?.get !== 'function')
    throw new TypeError('redis must have a method get(key)');
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(prefix)) throw new TypeError('prefix must be 1 to 64 of A-Z a-z 0-9 . _ : -');
  if (!Array.isArray(podCidrs)) throw new TypeError('podCidrs must be a list of ranges such as 10.0.0.0/8');
  const foreign = podCidrs.find((cidr) => !isCidr(cidr));
  if (foreign !== undefined) throw new TypeError(`podCidrs: ${foreign} is not allowed. Use ranges such as 10.0.0.0/8`);
  return {
    redis,
    prefix,
    podCidrs,
    cacheMs: checkWhole('cacheMs', cacheMs, 0, longestMs),
    maxCached: checkWhole('maxCached', options.maxCached ?? 10_000, 1, 10_000_000),
    lookupTimeoutMs: checkWhole('lookupTimeoutMs', options.lookupTimeoutMs ?? 1000, 1, longestMs),
  };
}
