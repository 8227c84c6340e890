/**
 * The history of a fault run: what every process has seen, as facts. All processes run on one machine, so one wall clock
 * orders everything. On disk a history is JSON lines, one fact each; every recorder may have a file of its own.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createInterface } from 'node:readline';
import type { Entry } from '../../src/registry/registry.ts';

/** `At`: wall clock, ms since 1970, fractions allowed. */
type At<T extends string, Members> = { type: T; at: number } & Members;

/** The driver's devices: real WebSocket clients. `conn` is unique over the whole history. */
export type DeviceFact =
  /** `port`: what the pod sees as `remotePort`. With a proxy in between, that of the proxy's own socket. */
  | At<'device.opened', { conn: number; deviceId: string; podId: string; port: number; dialledAt: number }>
  /** `by`: who began. `code`: 1006 when no close frame came. */
  | At<'device.closed', { conn: number; code: number; by: 'device' | 'peer' }>
  /** The device reads nothing until it is resumed. */
  | At<'device.paused', { conn: number }>
  | At<'device.resumed', { conn: number }>
  /** `body`: the whole frame, which is the id of a callback. */
  | At<'device.received', { conn: number; body: string }>;

/** The driver's callers. `id` is the body, unique over the whole history. */
export type CallerFact =
  | At<'callback.sent', { id: string; deviceId: string; podId: string; ifMatch?: string }>
  | At<'callback.answered', { id: string; status: number; code?: string; traceId?: string; podId?: string }>
  /** `connection`: refused, reset or hung up. `timeout`: the caller has given up. */
  | At<'callback.failed', { id: string; cause: 'connection' | 'timeout'; detail?: string }>;

/** From the log of the pods, at debug level; see pod-history.ts. A `podId` stands for one process. */
export type PodFact =
  | At<'pod.ready', { podId: string }>
  /** `remotePort` is missing when the device had hung up by then. */
  | At<'connection.opened', { podId: string; deviceId: string; traceId: string; remotePort?: number }>
  | At<'connection.ended', { podId: string; deviceId: string; traceId: string; code: number; reason: string }>
  | At<'drain.began', { podId: string }>
  | At<'drain.over', { podId: string; outcome: string }>
  | At<'pod.stopped', { podId: string; exitCode: number }>;

/** What the driver does to the pods and sees of them from outside. */
export type ProcessFact =
  | At<'pod.exited', { podId: string; code: number | null; signal: string | null }>
  /** A signal the driver or the nemesis has sent: SIGKILL, SIGSTOP, SIGCONT, SIGTERM. */
  | At<'pod.signalled', { podId: string; signal: string }>
  | At<'pre-stop.asked', { podId: string; call: number }>
  | At<'pre-stop.answered', { podId: string; call: number; status: number; body: string }>
  | At<'pre-stop.failed', { podId: string; call: number; detail?: string }>
  | At<'pod.memory', { podId: string; rssBytes: number }>;

/** Who asked for a command, as far as MONITOR tells. */
export interface Asker {
  /** The connection whose entry the enclosing script was given. */
  traceId?: string;
  podId?: string;
}

/** An entry in a snapshot of a node. */
export interface StoredEntry {
  deviceId: string;
  entry: Entry;
  /** Ms since 1970 on that node; null: never. */
  expiresAt: number | null;
}

/**
 * From MONITOR, with the time of the Redis server; see redis-history.ts. `replicated`: this node repeats what its primary
 * has done, an expiry included.
 */
export type RedisFact =
  /** `entry` null: something that is no entry. */
  | At<
      'redis.set',
      { node: string; deviceId: string; entry: Entry | null; expiresAt: number | null; replicated: boolean }
    >
  | At<'redis.prolonged', { node: string; deviceId: string; expiresAt: number | null; replicated: boolean }>
  /** The entry has come here from the node that had it, for its slot has moved. */
  | At<'redis.moved', { node: string; deviceId: string; expiresAt: number | null; replicated: boolean }>
  | At<'redis.deleted', { node: string; deviceId: string; by: Asker; replicated: boolean }>
  /** FLUSHALL, or a restart without data: say it when the old process ends. */
  | At<'redis.emptied', { node: string }>
  /** All that the node holds: when the recording begins, and after anything MONITOR does not show. */
  | At<'redis.snapshot', { node: string; entries: StoredEntry[] }>
  /** From now on `node` answers in the place of `instead`. */
  | At<'redis.promoted', { node: string; instead: string }>;

/** The nemesis. */
export type NemesisFact =
  | At<
      'fault.began',
      {
        /** Unique over the whole history. */
        fault: string;
        /** What kind of fault, for the report. */
        name: string;
        /** Whom it hits; absent: everybody. */
        pods?: string[];
        /** The registry does not answer those pods, or not in time. */
        registryDown: boolean;
        /** Connections of those pods may break by it. */
        closesSockets: boolean;
      }
    >
  | At<'fault.ended', { fault: string }>
  /** All faults are healed and Redis is reachable. */
  | At<'quiet', object>;

export type Fact = DeviceFact | CallerFact | PodFact | ProcessFact | RedisFact | NemesisFact;

/** The fact of a certain type. */
export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;

const factTypes: Record<Fact['type'], true> = {
  'device.opened': true,
  'device.closed': true,
  'device.paused': true,
  'device.resumed': true,
  'device.received': true,
  'callback.sent': true,
  'callback.answered': true,
  'callback.failed': true,
  'pod.ready': true,
  'connection.opened': true,
  'connection.ended': true,
  'drain.began': true,
  'drain.over': true,
  'pod.stopped': true,
  'pod.exited': true,
  'pod.signalled': true,
  'pre-stop.asked': true,
  'pre-stop.answered': true,
  'pre-stop.failed': true,
  'pod.memory': true,
  'redis.set': true,
  'redis.prolonged': true,
  'redis.moved': true,
  'redis.deleted': true,
  'redis.emptied': true,
  'redis.snapshot': true,
  'redis.promoted': true,
  'fault.began': true,
  'fault.ended': true,
  quiet: true,
};

/** Writes facts to a file, one JSON line each. */
export class HistoryFile {
  readonly #stream: WriteStream;

  constructor(path: string) {
    this.#stream = createWriteStream(path);
  }

  /** Does not wait for the disk: nothing is lost as long as `close` is awaited. */
  write(fact: Fact): void {
    this.#stream.write(`${JSON.stringify(fact)}\n`);
  }

  /** Resolves once everything is on disk; rejects with the first error there was. */
  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}

/** Reads history files into one history, in the order of time. Throws with file and line at what is no fact. */
export async function readHistory(...paths: string[]): Promise<Fact[]> {
  const facts: Fact[] = [];
  for (const path of paths) {
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      number += 1;
      if (line !== '') facts.push(parseFact(line, `${path}:${number}`));
    }
  }
  return inOrder(facts);
}

/** Facts in the order of time; those of the same moment stay as they were. */
export function inOrder(facts: readonly Fact[]): Fact[] {
  return [...facts].sort((a, b) => a.at - b.at);
}

/** `where` is for the message of the error. */
export function parseFact(line: string, where = 'history'): Fact {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`${where}: no JSON: ${line.slice(0, 120)}`, { cause });
  }
  if (!isFact(value)) throw new Error(`${where}: no fact: ${line.slice(0, 120)}`);
  return value;
}

/** Type and time are looked at; the recorders are ours and typed. */
function isFact(value: unknown): value is Fact {
  if (typeof value !== 'object' || value === null) return false;
  const { type, at } = value as Partial<Record<keyof Fact, unknown>>;
  return typeof type === 'string' && Object.hasOwn(factTypes, type) && typeof at === 'number' && Number.isFinite(at);
}
