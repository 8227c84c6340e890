/**
 * Turns what MONITOR prints into facts. The commands inside a script show up by themselves, and a command that Redis has
 * refused (a read-only replica, no memory left) does not, so what is printed has happened. An expiry is not printed.
 */
import type { Entry } from '../../src/registry/registry.ts';
import type { Asker, RedisFact } from './history.ts';

/** One line of MONITOR. */
export interface MonitorLine {
  /** Ms since 1970 on the server, exact to the microsecond. */
  at: number;
  /** `lua` inside a script, else the address of the client. */
  client: string;
  /** The command, its name in lower case, and its arguments. */
  args: [string, ...string[]];
}

export interface RedisHistoryOptions {
  /** What this node is called in the history. */
  node: string;
  /** `REDIS_PREFIX` of the pods. */
  prefix: string;
  /** `IP:PORT` of the other nodes: what comes from there is replication. */
  peers?: readonly string[];
}

/** Follows one node, line by line. */
export class RedisHistory {
  readonly #node: string;
  readonly #deviceKey: string;
  readonly #podKey: string;
  readonly #peers: ReadonlySet<string>;
  /** Which pod is behind a client's address, learnt from what it writes. */
  readonly #podOf = new Map<string, string>();
  /** Who asked for the script whose commands come now. */
  #scriptOf: Asker = {};

  constructor({ node, prefix, peers = [] }: RedisHistoryOptions) {
    this.#node = node;
    this.#deviceKey = `${prefix}:device:{`;
    this.#podKey = `${prefix}:pod:`;
    this.#peers = new Set(peers);
  }

  /** The facts in one line. Throws when a device's key is written in a way that cannot be followed. */
  read(text: string): RedisFact[] {
    const line = parseMonitorLine(text);
    if (!line) return [];
    const [name, key = ''] = line.args;
    this.#learn(line);
    if (name === 'flushall' || name === 'flushdb') return [{ type: 'redis.emptied', at: line.at, node: this.#node }];
    if (removals.has(name)) return line.args.slice(1).flatMap((each) => this.#deletion(line, each));
    const deviceId = this.#deviceOf(key);
    if (deviceId === undefined || reads.has(name)) return [];
    const writes = followed.get(name);
    if (!writes) throw new Error(`cannot follow what this does to an entry: ${text}`);
    const { at, client, args } = line;
    const base = { at, node: this.#node, deviceId, replicated: this.#peers.has(client) };
    const understood = writes(args, at).filter(({ expiresAt }) => !Number.isNaN(expiresAt)); // Redis has refused the others
    return understood.map((effect) => ({ ...base, ...effect }));
  }

  #learn({ client, args }: MonitorLine): void {
    const [name, key = ''] = args;
    if (client === 'lua') return;
    if (name === 'hello') this.#podOf.delete(client); // a new connection may come from an old address
    if (name === 'set' && key.startsWith(this.#podKey)) this.#podOf.set(client, key.slice(this.#podKey.length));
    if (!name.startsWith('eval') && name !== 'fcall') return;
    this.#scriptOf = askerIn(args);
    if (this.#scriptOf.podId !== undefined) this.#podOf.set(client, this.#scriptOf.podId);
  }

  #deletion({ at, client }: MonitorLine, key: string): RedisFact[] {
    const deviceId = this.#deviceOf(key);
    if (deviceId === undefined) return [];
    const podId = this.#podOf.get(client);
    const by = client === 'lua' ? this.#scriptOf : podId === undefined ? {} : { podId };
    return [{ type: 'redis.deleted', at, node: this.#node, deviceId, by, replicated: this.#peers.has(client) }];
  }

  #deviceOf(key: string): string | undefined {
    return key.startsWith(this.#deviceKey) && key.endsWith('}') ? key.slice(this.#deviceKey.length, -1) : undefined;
  }
}

const removals: ReadonlySet<string> = new Set(['del', 'unlink', 'getdel']);
const reads: ReadonlySet<string> = new Set([
  'get',
  'mget',
  'exists',
  'keys',
  'type',
  'ttl',
  'pttl',
  'strlen',
  'object',
]);

type Written =
  | { type: 'redis.set'; entry: Entry | null; expiresAt: number | null }
  | { type: 'redis.prolonged' | 'redis.moved'; expiresAt: number | null };

/** What a command on the key in its first argument does to it. */
const followed = new Map<string, (args: string[], at: number) => Written[]>([
  ['set', ([, , value = '', ...options], at) => [written(value, expiryIn(options, at) ?? null)]],
  ['psetex', ([, , ms, value = ''], at) => [written(value, at + Number(ms))]],
  ['setex', ([, , s, value = ''], at) => [written(value, at + Number(s) * 1000)]],
  ['getex', ([, , ...options], at) => prolonged(expiryIn(options, at))],
  ['pexpire', ([, , ms], at) => prolonged(at + Number(ms))],
  ['expire', ([, , s], at) => prolonged(at + Number(s) * 1000)],
  ['pexpireat', ([, , ms]) => prolonged(Number(ms))],
  ['expireat', ([, , s]) => prolonged(Number(s) * 1000)],
  ['persist', () => prolonged(null)],
  ['restore', moved],
  ['restore-asking', moved],
]);

/** The expiry an option gives; undefined: none does. Throws at an option whose effect depends on what is stored. */
function expiryIn(options: string[], at: number): number | null | undefined {
  const [option, value] = options;
  switch (option?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'px':
      return at + Number(value);
    case 'ex':
      return at + Number(value) * 1000;
    case 'pxat':
      return Number(value);
    case 'exat':
      return Number(value) * 1000;
    case 'persist':
      return null;
    default:
      throw new Error(`cannot follow the option ${option}`);
  }
}

function written(value: string, expiresAt: number | null): Written {
  return { type: 'redis.set', entry: parseEntry(value), expiresAt };
}

function prolonged(expiresAt: number | null | undefined): Written[] {
  return expiresAt === undefined ? [] : [{ type: 'redis.prolonged', expiresAt }];
}

/** Its value comes in a form of its own, but from a node whose value is known. The MIGRATE behind it is printed later. */
function moved([, , ttl, , ...options]: string[], at: number): Written[] {
  const isAbsolute = options.some((option) => option.toLowerCase() === 'absttl');
  const expiresAt = Number(ttl) === 0 ? null : Number(ttl) + (isAbsolute ? 0 : at);
  return [{ type: 'redis.moved', expiresAt }];
}

/** Null for what is no entry. */
export function parseEntry(text: string): Entry | null {
  try {
    const entry = JSON.parse(text) as Entry | null;
    return typeof entry?.traceId === 'string' && typeof entry.podId === 'string' && Number.isFinite(entry.t)
      ? entry
      : null;
  } catch {
    return null;
  }
}

/**
 * A script of the registry is given the entry it is about, whole or up to its last member. One that is given several
 * does not tell which of them a deletion is for.
 */
function askerIn(args: string[]): Asker {
  const given = args.slice(2).filter((text) => text.startsWith('{"v":'));
  const only = (member: RegExp) => {
    const values = new Set(given.map((text) => member.exec(text)?.[1]));
    return values.size === 1 ? [...values][0] : undefined;
  };
  return { traceId: only(/"traceId":"([^"]+)"/), podId: only(/"podId":"([^"]+)"/) };
}

/** Undefined for what is no command, such as the `+OK` at the beginning. */
export function parseMonitorLine(text: string): MonitorLine | undefined {
  const head = /^\+?(\d+)\.(\d{6}) \[\d+ (\S+)\] (?=")/.exec(text);
  if (!head) return undefined;
  const [whole, seconds, microseconds, client = ''] = head;
  const [name = '', ...args] = Array.from(text.slice(whole.length).matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, quoted]) =>
    unescape(quoted ?? ''),
  );
  return { at: Number(seconds) * 1000 + Number(microseconds) / 1000, client, args: [name.toLowerCase(), ...args] };
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** Redis escapes every byte that is no printable ASCII. */
function unescape(quoted: string): string {
  if (!quoted.includes('\\')) return quoted;
  const bytes = quoted.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, char: string = '') =>
    hex === undefined ? (escapes[char] ?? char) : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
