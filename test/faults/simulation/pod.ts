import { SimulatedConnection } from './connection.ts';
import type { SimulatedClient } from './client.ts';
import type { SimulatedRedis } from './redis.ts';
import type { CallbackRequest } from './caller.ts';
import type { Simulation } from './simulation.ts';

export interface PodSettings {
  podId: string;
  redis: SimulatedRedis;
  refreshMs: number;
  reregisterPerSecond: number;
}

/** A correct pod, which is frozen, killed and drained when told to. */
export class SimulatedPod {
  readonly podId: string;
  readonly redis: SimulatedRedis;
  readonly refreshMs: number;
  readonly simulation: Simulation;
  readonly owner: { serverIp: string; port: number; podId: string };
  state: 'serving' | 'draining' | 'gone' = 'serving';
  readonly #reregisterPerSecond: number;
  readonly #byDevice = new Map<string, SimulatedConnection>();
  readonly #all = new Set<SimulatedConnection>();
  readonly #requests = new Set<CallbackRequest>();
  readonly #preStops: number[] = [];
  /** Whoever was there during a freeze. */
  readonly #unverified = new Set<SimulatedConnection>();
  #thaws = 0;
  /** What waits for the end of a freeze. */
  #deferred: (() => void)[] | undefined;

  constructor(simulation: Simulation, { podId, redis, refreshMs, reregisterPerSecond }: PodSettings) {
    this.simulation = simulation;
    this.podId = podId;
    this.redis = redis;
    this.refreshMs = refreshMs;
    this.owner = { serverIp: '127.0.0.1', port: 8081, podId };
    this.#reregisterPerSecond = reregisterPerSecond;
    redis.onReturn.push(() => this.after(simulation.random.between(10, 1500), () => this.#registerAgain()));
    simulation.record({ type: 'pod.ready', podId });
  }

  after(ms: number, run: () => void): void {
    this.simulation.after(ms, () => this.wake(run));
  }

  /** Runs it now, or when the freeze is over, or never. */
  wake(run: () => void): void {
    if (this.state === 'gone') return;
    if (this.#deferred) this.#deferred.push(run);
    else run();
  }

  /** A device knocks. */
  accept(client: SimulatedClient, refused: () => void): void {
    if (this.state !== 'serving') return refused();
    const hex = () =>
      Math.floor(this.simulation.random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    const connection = new SimulatedConnection(this, client, hex() + hex() + hex() + hex());
    const previous = this.#byDevice.get(connection.deviceId);
    this.#byDevice.set(connection.deviceId, connection);
    this.#all.add(connection);
    connection.begin();
    previous?.close(4509);
  }

  forget(connection: SimulatedConnection): void {
    if (this.#byDevice.get(connection.deviceId) === connection) this.#byDevice.delete(connection.deviceId);
  }

  ended(connection: SimulatedConnection): void {
    this.#all.delete(connection);
    this.#unverified.delete(connection);
    this.#endWhenEmpty();
  }

  /** A service or another pod asks. What it has taken it answers, unless it is killed. */
  handle(asked: CallbackRequest): void {
    if (this.state === 'gone') return asked.broken();
    const answer: CallbackRequest['answer'] = (...args) => {
      this.#requests.delete(request);
      asked.answer(...args);
      this.#endWhenEmpty();
    };
    const request = { ...asked, answer };
    this.#requests.add(request);
    this.wake(() => {
      const connection = this.#byDevice.get(request.deviceId);
      if (!connection) return request.notHere(this, request);
      if (this.#unverified.has(connection)) return this.#verify(connection, request);
      this.#deliver(connection, request);
    });
  }

  #deliver({ client, traceId }: SimulatedConnection, request: CallbackRequest): void {
    if (request.ifMatch !== undefined && request.ifMatch !== traceId) return request.answer(412);
    client.hear(() => client.receive(request.id));
    request.answer(200, { traceId, podId: this.podId });
  }

  /** Its device may have gone to another pod while this one stood still. */
  #verify(connection: SimulatedConnection, request: CallbackRequest): void {
    const { deviceId, traceId } = connection;
    const thaws = this.#thaws;
    this.redis.lookUp(deviceId, (reply) =>
      this.wake(() => {
        if (thaws !== this.#thaws) return this.#verify(connection, request);
        if (!reply) return request.answer(503);
        const isHere = this.#byDevice.get(deviceId) === connection && (reply.value?.traceId ?? traceId) === traceId;
        if (isHere) this.#deliver(connection, request);
        else request.notHere(this, request);
      }),
    );
  }

  kill(): void {
    this.simulation.record({ type: 'pod.signalled', podId: this.podId, signal: 'SIGKILL' });
    this.state = 'gone';
    this.simulation.record({ type: 'pod.exited', podId: this.podId, code: null, signal: 'SIGKILL' });
    for (const { client } of this.#all) this.simulation.after(this.simulation.latency(), () => client.cut());
    for (const request of this.#requests) request.broken();
  }

  freeze(): void {
    this.#deferred = [];
    this.simulation.record({ type: 'pod.signalled', podId: this.podId, signal: 'SIGSTOP' });
  }

  thaw(): void {
    const deferred = this.#deferred ?? [];
    this.#deferred = undefined;
    this.#thaws += 1;
    for (const connection of this.#all) this.#unverified.add(connection);
    this.simulation.record({ type: 'pod.signalled', podId: this.podId, signal: 'SIGCONT' });
    for (const run of deferred) this.wake(run);
  }

  preStop(call: number): void {
    const { podId } = this;
    this.simulation.record({ type: 'pre-stop.asked', podId, call });
    if (this.state === 'gone') return this.simulation.record({ type: 'pre-stop.failed', podId, call });
    this.#preStops.push(call);
    if (this.state === 'draining') return;
    this.state = 'draining';
    this.simulation.record({ type: 'drain.began', podId });
    for (const [index, connection] of [...this.#all].entries()) this.after(index * 10, () => connection.close(1012));
    this.#endWhenEmpty();
  }

  #endWhenEmpty(): void {
    if (this.state !== 'draining' || this.#all.size > 0 || this.#requests.size > 0) return;
    const { podId, simulation } = this;
    simulation.record({ type: 'drain.over', podId, outcome: 'drained' });
    for (const call of this.#preStops) {
      simulation.record({ type: 'pre-stop.answered', podId, call, status: 200, body: '{"outcome":"drained"}' });
    }
    simulation.record({ type: 'pod.stopped', podId, exitCode: 0 });
    this.state = 'gone';
    simulation.after(5, () => simulation.record({ type: 'pod.exited', podId, code: 0, signal: null }));
  }

  /** Redis is back. */
  #registerAgain(): void {
    for (const [index, connection] of [...this.#all].entries()) {
      this.after((index / this.#reregisterPerSecond) * 1000, () => {
        if (connection.isOpen) connection.lease.refresh();
      });
    }
  }
}
