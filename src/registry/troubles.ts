import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Witness } from './measured.ts';
import { adviceOn, codeOf, isFull, isOutage, shapeOf } from './redis-errors.ts';
import type { RegistryUnavailable } from './registry.ts';

export interface TroublesOptions {
  log: Logger;
  clock: Clock;
  /** The servers, without user and password. */
  where: string;
}

interface Trouble {
  /** When it was last logged, and when it last occurred, ms on the pod's clock. */
  saidAt: number;
  metAt: number;
  /** The operations that were refused. */
  operations: Set<string>;
  /** The memory is full. This trouble does not end when the registry is up. */
  isForRoom: boolean;
}

/** The same trouble is logged at level warn once per this time, ms. */
const againMs = 60_000;
/** A trouble has ended if it did not occur for this time, ms. */
const quietMs = 10_000;
/** Largest number of troubles in memory. Then the oldest is forgotten, because the server can send any text. */
const maxTroubles = 32;

/** Logs troubles with Redis, in the words of Redis and with advice: when they begin, change and end. */
export class Troubles implements Witness {
  readonly #options: TroublesOptions;
  readonly #troubles = new Map<string, Trouble>();

  constructor(options: TroublesOptions) {
    this.#options = options;
  }

  /** Logs an error of the connection. */
  connection(error: Error): void {
    const { log } = this.#options;
    const help = adviceOn(error.message);
    const level = this.#meet(`connection: ${shapeOf(error.message)}`) ? 'warn' : 'debug';
    log[level]({ err: error, ...(help === undefined ? {} : { help }) }, 'the connection to Redis failed');
  }

  failed({ operation, cause, isForRoom }: RegistryUnavailable): void {
    const { log, where } = this.#options;
    const { name, message, command } = cause as Error & { command?: { name: string } };
    const isReply = name === 'ReplyError';
    if (!isReply && message !== 'Command timed out') return; // there is no connection, and `connection` has logged the reason
    const what = command?.name.toUpperCase() ?? operation;
    const ofAll = isOutage(message) || isFull(message); // all writes are refused
    const key = isReply && ofAll ? codeOf(message) : `${what.replace('EVALSHA', 'EVAL')}: ${shapeOf(message)}`;
    const isOfKey = codeOf(message) === 'WRONGTYPE'; // other keys can be in order, so their success does not end it
    if (!this.#meet(key, isOfKey ? undefined : operation, isForRoom)) return;
    const help = adviceOn(message);
    const verdict = isReply ? `refuses ${what}` : `does not answer to ${operation}`;
    log.warn({ operation }, `Redis at ${where} ${verdict}: ${message}${help === undefined ? '' : `; ${help}`}`);
  }

  /** Ends the troubles of this operation. It is called for every batch, and costs nothing without troubles. */
  carriedOut(operation: string): void {
    if (this.#troubles.size === 0) return;
    const { log, clock, where } = this.#options;
    for (const [key, { operations, metAt }] of this.#troubles) {
      if (!operations.has(operation) || clock.now() - metAt < quietMs) continue;
      this.#troubles.delete(key);
      log.info({ operation }, `Redis at ${where} executes ${[...operations].join(', ')} again`);
    }
  }

  /** The registry is up, so all troubles have ended, except a full memory. */
  recovered(): void {
    for (const [key, { isForRoom }] of this.#troubles) if (!isForRoom) this.#troubles.delete(key);
  }

  /** Notes the trouble. True if it must be logged at level warn. */
  #meet(key: string, operation?: string, isForRoom = false): boolean {
    const now = this.#options.clock.now();
    const known = this.#troubles.get(key);
    const trouble = known ?? { saidAt: now, metAt: now, operations: new Set(), isForRoom };
    if (operation !== undefined) trouble.operations.add(operation);
    trouble.metAt = now;
    this.#troubles.set(key, trouble);
    if (known && now - known.saidAt < againMs) return false;
    trouble.saidAt = now;
    const [oldest] = this.#troubles.keys();
    if (this.#troubles.size > maxTroubles && oldest !== undefined) this.#troubles.delete(oldest);
    return true;
  }
}
