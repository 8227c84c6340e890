/** Histories written by hand, for the tests of the checker: everybody behaves well but for what the test says. */
import type { Entry } from '../../src/registry/registry.ts';
import type { Invariant, Report, Times, Violation } from './checker.ts';
import { check } from './checker.ts';
import type { Fact, FactOf } from './history.ts';

/** What stories are checked against. */
export const storyTimes = {
  leaseTtlMs: 3000,
  refreshMs: 1000,
  drainBudgetMs: 5000,
  reregisterPerSecond: 100,
  slackMs: 100,
  settleMs: 2000,
  closeGraceMs: 1000,
  reconnectMs: 500,
  memoryBoundBytes: 100e6,
} satisfies Times;

/** A connection from its beginning to its end; times are ms of the story. */
export interface Stay {
  deviceId: string;
  podId: string;
  from: number;
  /** Absent: to the end of the story. */
  to: number;
  code: number;
  by: 'device' | 'peer';
  /** Undefined: never. */
  registersAt: number | undefined;
  /** The last refresh comes before. */
  refreshesUntil: number;
  deletes: boolean;
}

/** Any moment. */
const epoch = 1_800_000_000_000;

type Untimed<F> = F extends unknown ? Omit<F, 'at'> : never;

export class Story {
  readonly facts: Fact[] = [];
  readonly #lastsMs: number;
  #conns = 0;

  constructor(lastsMs = 20_000) {
    this.#lastsMs = lastsMs;
    this.tell(lastsMs, { type: 'pod.ready', podId: 'witness' }); // so long is the history
  }

  tell(ms: number, fact: Untimed<Fact>): void {
    this.facts.push({ ...fact, at: epoch + ms });
  }

  /** A connection, by default registered and refreshed and, when it ends, closed by the device and unregistered. */
  stay(overrides: Partial<Stay> = {}) {
    const from = overrides.from ?? 1000;
    const defaults = { deviceId: 'lamp', podId: 'a', from, to: Infinity, code: 1000, by: 'device' } as const;
    const registers = { registersAt: from + 2, refreshesUntil: overrides.to ?? this.#lastsMs, deletes: true };
    const stay: Stay = { ...defaults, ...registers, ...overrides };
    const { deviceId, podId, registersAt } = stay;
    const conn = (this.#conns += 1);
    const traceId = `trace-${conn}`;
    const port = 40_000 + conn;
    this.tell(from, { type: 'connection.opened', podId, deviceId, traceId, remotePort: port });
    this.tell(from + 1, { type: 'device.opened', conn, deviceId, podId, port, dialledAt: epoch + from - 1 });
    const entry = this.entry({ traceId, podId, t: epoch + (registersAt ?? from) });
    if (registersAt !== undefined) this.#keep(stay, registersAt, entry);
    if (stay.to < this.#lastsMs) this.#leave(stay, conn, entry);
    return { conn, traceId, deviceId, podId, entry };
  }

  entry({ traceId, podId, t }: Pick<Entry, 'traceId' | 'podId' | 't'>): Entry {
    return { v: 1, serverIp: '127.0.0.1', port: 8081, traceId, podId, t };
  }

  set(ms: number, deviceId: string, entry: Entry | null, node = 'redis', replicated = false): void {
    const expiresAt = epoch + ms + storyTimes.leaseTtlMs;
    this.tell(ms, { type: 'redis.set', node, deviceId, entry, expiresAt, replicated });
  }

  prolong(ms: number, deviceId: string, node = 'redis'): void {
    const expiresAt = epoch + ms + storyTimes.leaseTtlMs;
    this.tell(ms, { type: 'redis.prolonged', node, deviceId, expiresAt, replicated: false });
  }

  delete(ms: number, deviceId: string, by: FactOf<'redis.deleted'>['by'] = {}, node = 'redis'): void {
    this.tell(ms, { type: 'redis.deleted', node, deviceId, by, replicated: false });
  }

  /** By default nothing but a name. */
  fault(from: number, to: number, what: Partial<Untimed<FactOf<'fault.began'>>> = {}): void {
    const fault = `fault-${this.facts.length}`;
    this.tell(from, { type: 'fault.began', fault, name: 'fault', registryDown: false, closesSockets: false, ...what });
    if (to < this.#lastsMs) this.tell(to, { type: 'fault.ended', fault });
  }

  /** Redis does not answer. */
  outage(from: number, to: number, pods?: string[]): void {
    this.fault(from, to, { name: 'outage', registryDown: true, pods });
  }

  freeze(podId: string, from: number, to: number): void {
    this.tell(from, { type: 'pod.signalled', podId, signal: 'SIGSTOP' });
    if (to < this.#lastsMs) this.tell(to, { type: 'pod.signalled', podId, signal: 'SIGCONT' });
  }

  kill(podId: string, ms: number): void {
    this.tell(ms, { type: 'pod.signalled', podId, signal: 'SIGKILL' });
    this.tell(ms + 1, { type: 'pod.exited', podId, code: null, signal: 'SIGKILL' });
  }

  /** A drain from its beginning to the exit. */
  drain(podId: string, from: number, to: number, code = 0): void {
    this.tell(from, { type: 'drain.began', podId });
    this.tell(to - 2, { type: 'drain.over', podId, outcome: 'drained' });
    this.tell(to - 1, { type: 'pod.stopped', podId, exitCode: code });
    this.tell(to, { type: 'pod.exited', podId, code, signal: null });
  }

  /** A callback that is answered with 200 and arrives, but for what is said. */
  callback(
    ms: number,
    to: { deviceId: string; podId: string; traceId: string; conn: number },
    { arrivesAt = [to.conn], ...sent }: { arrivesAt?: number[]; ifMatch?: string; answered?: Partial<Answered> } = {},
  ): string {
    const { deviceId, podId, traceId } = to;
    const id = `callback-${this.facts.length}`;
    this.tell(ms, { type: 'callback.sent', id, deviceId, podId, ifMatch: sent.ifMatch });
    for (const conn of arrivesAt) this.tell(ms + 2, { type: 'device.received', conn, body: id });
    this.tell(ms + 3, { type: 'callback.answered', id, status: 200, traceId, podId, ...sent.answered });
    return id;
  }

  check(overrides: Partial<Times> = {}): Report {
    return check(this.facts, { ...storyTimes, ...overrides });
  }

  /** What is broken, whatever the invariant; or, when nothing is, whether this invariant was decided at all. */
  outcome(invariant: Invariant, overrides: Partial<Times> = {}): 'kept' | 'undecided' | string[] {
    const { violations, verdicts } = this.check(overrides);
    if (violations.length > 0) return violations.map(brokenText);
    return verdicts.find((verdict) => verdict.invariant === invariant)!.decided > 0 ? 'kept' : 'undecided';
  }

  /** Every so often until it ends. */
  #keep({ deviceId, to, refreshesUntil }: Stay, registersAt: number, entry: Entry): void {
    this.set(registersAt, deviceId, entry);
    const { refreshMs } = storyTimes;
    for (let ms = registersAt + refreshMs; ms < Math.min(to, refreshesUntil); ms += refreshMs)
      this.prolong(ms, deviceId);
  }

  #leave({ deviceId, podId, to, code, by, deletes, registersAt }: Stay, conn: number, { traceId }: Entry): void {
    if (deletes && registersAt !== undefined) this.delete(to - 1, deviceId, { traceId, podId });
    this.tell(to, { type: 'device.closed', conn, code, by });
    this.tell(to + 1, { type: 'connection.ended', podId, deviceId, traceId, code, reason: 'story' });
  }
}

type Answered = Untimed<FactOf<'callback.answered'>>;

function brokenText({ invariant, sentence, facts }: Violation): string {
  return `${invariant} ${sentence}${facts.length === 0 ? ' (no proof)' : ''}`;
}
