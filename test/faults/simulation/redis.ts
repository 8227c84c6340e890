import type { Entry } from '../../../src/registry/registry.ts';
import type { Simulation } from './simulation.ts';

/** What a command came back with; undefined: no answer, and nobody knows whether it was carried out. */
export type Reply<T> = { value: T } | undefined;

export type Claim = Omit<Entry, 'v' | 't'> & { deviceId: string; t: number | undefined };

export type Registration = { registered: number } | { refused: Entry };

/** A pod gives up on a command after this, ms. */
const commandTimeoutMs = 1000;

/** A Redis with the registry's scripts in it, which is paused, loses everything or fails over when told to. */
export class SimulatedRedis {
  readonly #simulation: Simulation;
  readonly #leaseTtlMs: number;
  #state: 'up' | 'paused' | 'down' = 'up';
  #entries = new Map<string, { entry: Entry; expiresAt: number }>();
  #backlog: (() => void)[] = [];
  #node = 1;
  /** Told when it is back. */
  readonly onReturn: (() => void)[] = [];

  constructor(simulation: Simulation, leaseTtlMs: number) {
    this.#simulation = simulation;
    this.#leaseTtlMs = leaseTtlMs;
  }

  register(claim: Claim, answer: (reply: Reply<Registration>) => void): void {
    this.#ask(() => this.#register(claim), answer);
  }

  refresh(deviceId: string, answer: (reply: Reply<Entry | undefined>) => void): void {
    this.#ask(() => {
      const stored = this.#read(deviceId);
      const expiresAt = this.#simulation.now + this.#leaseTtlMs;
      if (stored) this.#entries.set(deviceId, { entry: stored, expiresAt });
      this.#simulation.record({ type: 'redis.prolonged', node: this.#name, deviceId, expiresAt, replicated: false });
      return stored;
    }, answer);
  }

  unregister(deviceId: string, { traceId, podId, t }: Entry, answer: (reply: Reply<boolean>) => void): void {
    this.#ask(() => {
      const stored = this.#read(deviceId);
      if (stored?.traceId !== traceId || stored.t !== t) return false;
      const by = { traceId, podId };
      this.#simulation.record({ type: 'redis.deleted', node: this.#name, deviceId, by, replicated: false });
      return this.#entries.delete(deviceId);
    }, answer);
  }

  lookUp(deviceId: string, answer: (reply: Reply<Entry | undefined>) => void): void {
    this.#ask(() => this.#read(deviceId), answer);
  }

  /** SIGSTOP: what is sent now is carried out later. */
  pause(): void {
    this.#state = 'paused';
  }

  /** SIGKILL. */
  kill(): void {
    this.#state = 'down';
    this.empty();
  }

  empty(): void {
    this.#entries.clear();
    this.#simulation.record({ type: 'redis.emptied', node: this.#name });
  }

  /** Another node takes over. The last writes had not reached it. */
  failOver(): void {
    const old = this.#name;
    this.#state = 'down';
    this.#node += 1;
    for (const deviceId of this.#entries.keys())
      if (this.#simulation.random.chance(0.1)) this.#entries.delete(deviceId);
    const entries = [...this.#entries].map(([deviceId, held]) => ({ deviceId, ...held }));
    this.#simulation.record({ type: 'redis.snapshot', node: this.#name, entries });
    this.#simulation.record({ type: 'redis.promoted', node: this.#name, instead: old });
  }

  comeBack(): void {
    this.#state = 'up';
    for (const run of this.#backlog.splice(0)) run();
    for (const tell of this.onReturn) tell();
  }

  get #name(): string {
    return `redis-${this.#node}`;
  }

  #register({ deviceId, traceId, t, ...owner }: Claim): Registration {
    const { now } = this.#simulation;
    const stored = this.#read(deviceId);
    let time = t ?? Math.floor(now);
    if (stored && stored.traceId !== traceId) {
      if (stored.t > time || (stored.t === time && t !== undefined)) return { refused: stored };
      if (stored.t === time) time += 1;
    }
    const entry: Entry = { v: 1, ...owner, traceId, t: time };
    const expiresAt = now + this.#leaseTtlMs;
    this.#entries.set(deviceId, { entry, expiresAt });
    this.#simulation.record({ type: 'redis.set', node: this.#name, deviceId, entry, expiresAt, replicated: false });
    return { registered: time };
  }

  #read(deviceId: string): Entry | undefined {
    const held = this.#entries.get(deviceId);
    return held && held.expiresAt > this.#simulation.now ? held.entry : undefined;
  }

  #ask<T>(run: () => T, answer: (reply: Reply<T>) => void): void {
    const simulation = this.#simulation;
    simulation.after(simulation.latency(), () => {
      if (this.#state === 'down') return answer(undefined);
      if (this.#state === 'up') {
        const value = run();
        return simulation.after(simulation.latency(), () => answer({ value }));
      }
      this.#backlog.push(run);
      simulation.after(commandTimeoutMs, () => answer(undefined));
    });
  }
}
