import { SimulatedClient } from './client.ts';
import type { SimulatedPod } from './pod.ts';
import type { Simulation } from './simulation.ts';

/** What devices know of the fleet. */
export interface Surroundings {
  simulation: Simulation;
  /** Pods that take new connections. */
  pods: () => SimulatedPod[];
  nextConn: () => number;
  /** From one hop to the next, ms on average. */
  hopEveryMs: number;
}

/** A device that hops from pod to pod, and comes back when it is closed. */
export class SimulatedDevice {
  readonly deviceId: string;
  readonly #around: Surroundings;
  #newest: SimulatedClient | undefined;

  constructor(deviceId: string, around: Surroundings) {
    this.deviceId = deviceId;
    this.#around = around;
  }

  begin(): void {
    this.#dial();
    this.#hopLater();
  }

  opened(client: SimulatedClient): void {
    this.#newest = client;
  }

  closed(client: SimulatedClient): void {
    const { simulation } = this.#around;
    if (client !== this.#newest) return;
    const staysAway = simulation.random.chance(0.1);
    simulation.after(staysAway ? simulation.random.between(3000, 9000) : simulation.random.between(1, 200), () =>
      this.#dial(),
    );
  }

  pauseFor(ms: number): void {
    const client = this.#newest;
    client?.pause();
    this.#around.simulation.after(ms, () => client?.resume());
  }

  #hopLater(): void {
    const { simulation, hopEveryMs } = this.#around;
    simulation.after(simulation.random.between(0, 2 * hopEveryMs), () => {
      const before = this.#newest;
      const leavesFirst = simulation.random.chance(0.2);
      if (leavesFirst) {
        this.#newest = undefined;
        before?.leave();
      }
      this.#dial();
      if (!leavesFirst && simulation.random.chance(0.3))
        simulation.after(simulation.random.between(0, 50), () => before?.leave());
      this.#hopLater();
    });
  }

  #dial(): void {
    const { simulation, pods, nextConn } = this.#around;
    const pod = simulation.random.pick(pods())!;
    const client = new SimulatedClient(simulation, this, pod, nextConn());
    const again = () => simulation.after(50, () => this.#dial());
    simulation.after(simulation.latency(), () => {
      if (pod.state === 'gone') return again();
      pod.wake(() => pod.accept(client, again));
    });
  }
}
