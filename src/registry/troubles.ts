import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
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
  /** When the log was told last, and when it was met last, ms on the pod's clock. */
  saidAt: number;
  metAt: number;
  /** The operations that were refused. */
  operations: Set<string>;
  /** It does not end because the registry is up. */
  isForRoom: boolean;
}

/** The log is told of the same trouble again after this, ms; meanwhile only at level debug. */
const againMs = 60_000;
/** An operation is carried out again when none was refused for this long, ms. */
const quietMs = 10_000;
/** So many are told apart; then the oldest is forgotten. Their words are the server's, who may say anything. */
const maxTroubles = 32;

/** Tells the log what is wrong with Redis: in its words and ours, when it begins, when it changes and when it is over. */
export class Troubles implements Witness {
  readonly #options: TroublesOptions;
  readonly #troubles = new Map<string, Trouble>();

  constructor(options: TroublesOptions) {
    this.#options = options;
  }

  /** There is no connection, or something is wrong with it. */
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
    if (!isReply && message !== 'Command timed out') return; // there is no connection: that was said why
    const what = command?.name.toUpperCase() ?? operation;
    const ofAll = isOutage(message) || isFull(message); // it is refused to whatever writes
    const key = isReply && ofAll ? codeOf(message) : `${what.replace('EVALSHA', 'EVAL')}: ${shapeOf(message)}`;
    const isOfKey = codeOf(message) === 'WRONGTYPE'; // that other keys are all right says nothing about this one
    if (!this.#meet(key, isOfKey ? undefined : operation, isForRoom)) return;
    const help = adviceOn(message);
    const verdict = isReply ? `refuses ${what}` : `does not answer to ${operation}`;
    log.warn({ operation }, `Redis at ${where} ${verdict}: ${message}${help === undefined ? '' : `; ${help}`}`);
  }

  /** Called for every batch: while nothing is wrong it costs nothing. */
  carriedOut(operation: string): void {
    if (this.#troubles.size === 0) return;
    const { log, clock, where } = this.#options;
    for (const [key, { operations, metAt }] of this.#troubles) {
      if (!operations.has(operation) || clock.now() - metAt < quietMs) continue;
      this.#troubles.delete(key);
      log.info({ operation }, `Redis at ${where} executes ${[...operations].join(', ')} again`);
    }
  }

  /** The registry is up: whatever kept it from that is over. */
  recovered(): void {
    for (const [key, { isForRoom }] of this.#troubles) if (!isForRoom) this.#troubles.delete(key);
  }

  /** Is the log to be told? */
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
