import type { SimulatedPod } from './pod.ts';
import type { SimulatedRedis } from './redis.ts';
import type { Simulation } from './simulation.ts';

export interface Fleet {
  simulation: Simulation;
  redis: SimulatedRedis;
  pods: () => SimulatedPod[];
  /** A new pod. */
  start: () => void;
}

/** Longer than everything takes to be right again, ms. */
const calmMs = 9000;

/** Breaks something, heals it, waits until everything is right again, says so, and begins anew. */
export class SimulatedNemesis {
  readonly #fleet: Fleet;
  #count = 0;
  #calls = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  begin(): void {
    const { simulation } = this.#fleet;
    const { freeze, kill, drain, pause, restart, failOver, flush, drainInOutage } = this.#faults;
    const next = () => {
      simulation.after(simulation.random.between(500, 2000), () => {
        simulation.random.pick([freeze, kill, drain, pause, restart, failOver, flush, drainInOutage])!(() => {
          simulation.record({ type: 'quiet' });
          simulation.after(calmMs, next);
        });
      });
    };
    next();
  }

  readonly #faults = {
    freeze: (over: () => void) => {
      const pod = this.#anyPod();
      const heal = this.#fault('freeze', { pods: [pod.podId], registryDown: false, closesSockets: false });
      pod.freeze();
      this.#later(4000, () => {
        pod.thaw();
        heal();
        over();
      });
    },
    kill: (over: () => void) => {
      const pod = this.#anyPod();
      const heal = this.#fault('kill', { pods: [pod.podId], registryDown: false, closesSockets: true });
      pod.kill();
      this.#fleet.start();
      heal();
      over();
    },
    drain: (over: () => void) => {
      const { simulation, start } = this.#fleet;
      const pod = this.#anyPod();
      start();
      for (const delay of [0, 1, 5, 20_000]) {
        simulation.after(delay, () => pod.preStop((this.#calls += 1)));
      }
      over();
    },
    pause: (over: () => void) => this.#outage('pause', () => this.#fleet.redis.pause(), over),
    restart: (over: () => void) => this.#outage('restart', () => this.#fleet.redis.kill(), over),
    failOver: (over: () => void) => this.#outage('failover', () => this.#fleet.redis.failOver(), over),
    flush: (over: () => void) => {
      const heal = this.#fault('flush', { registryDown: false, closesSockets: false });
      this.#fleet.redis.empty();
      heal();
      over();
    },
    drainInOutage: (over: () => void) => {
      this.#outage('pause', () => this.#fleet.redis.pause(), over);
      this.#fleet.simulation.after(100, () => this.#faults.drain(() => {}));
    },
  };

  #outage(name: string, begin: () => void, over: () => void): void {
    const heal = this.#fault(name, { registryDown: true, closesSockets: false });
    begin();
    this.#later(5000, () => {
      this.#fleet.redis.comeBack();
      heal();
      over();
    });
  }

  #fault(name: string, what: { pods?: string[]; registryDown: boolean; closesSockets: boolean }): () => void {
    const { simulation } = this.#fleet;
    const fault = `${name}-${(this.#count += 1)}`;
    simulation.record({ type: 'fault.began', fault, name, ...what });
    return () => simulation.record({ type: 'fault.ended', fault });
  }

  #later(most: number, run: () => void): void {
    const { simulation } = this.#fleet;
    simulation.after(simulation.random.between(100, most), run);
  }

  #anyPod(): SimulatedPod {
    const { simulation, pods } = this.#fleet;
    return simulation.random.pick(pods())!;
  }
}
