import type { SimulatedConnection } from './connection.ts';
import type { SimulatedRedis } from './redis.ts';

/** One connection's hold on its entry, as src/registry/lease.ts has it. One command at a time. */
export class SimulatedLease {
  readonly #redis: SimulatedRedis;
  readonly #holder: SimulatedConnection;
  readonly #turns: ((done: () => void) => void)[] = [];
  #isBusy = false;
  #t: number | undefined;

  constructor(redis: SimulatedRedis, holder: SimulatedConnection) {
    this.#redis = redis;
    this.#holder = holder;
  }

  register(): void {
    this.#inTurn((done) => this.#claim(true, done));
  }

  refresh(): void {
    if (this.#isBusy) return;
    this.#inTurn((done) => {
      if (this.#t === undefined) return this.#claim(false, done);
      const { deviceId, traceId, pod } = this.#holder;
      this.#redis.refresh(deviceId, (reply) =>
        pod.wake(() => {
          const stored = reply?.value;
          if (!reply) return done();
          if (stored?.traceId === traceId) this.#t = stored.t;
          else if (stored && stored.t >= this.#t!) this.#holder.close(4509);
          else return this.#claim(false, done);
          done();
        }),
      );
    });
  }

  unregister(unregistered: () => void): void {
    this.#inTurn((done) => {
      const over = () => this.#holder.pod.wake(() => (unregistered(), done()));
      if (this.#t !== undefined) return this.#delete(this.#t, over);
      const { deviceId, traceId, pod } = this.#holder;
      this.#redis.lookUp(deviceId, (reply) =>
        pod.wake(() => (reply?.value?.traceId === traceId ? this.#delete(reply.value.t, over) : over())),
      );
    });
  }

  #delete(t: number, over: () => void): void {
    const { deviceId, traceId, pod } = this.#holder;
    this.#redis.unregister(deviceId, { v: 1, traceId, t, ...pod.owner }, over);
  }

  #claim(isFirst: boolean, done: () => void, t = this.#t): void {
    const { deviceId, traceId, pod } = this.#holder;
    this.#redis.register({ deviceId, traceId, t, ...pod.owner }, (reply) =>
      pod.wake(() => {
        if (reply && 'registered' in reply.value) this.#t = reply.value.registered;
        if (reply && 'refused' in reply.value) {
          if (isFirst && t === undefined) return this.#claim(false, done, reply.value.refused.t + 1);
          this.#holder.close(4509);
        }
        done();
      }),
    );
  }

  #inTurn(turn: (done: () => void) => void): void {
    this.#turns.push(turn);
    if (!this.#isBusy) this.#next();
  }

  #next(): void {
    const turn = this.#turns.shift();
    this.#isBusy = turn !== undefined;
    turn?.(() => this.#next());
  }
}
