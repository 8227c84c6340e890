import type { SimulatedPod } from './pod.ts';
import type { Simulation } from './simulation.ts';

/** One callback on its way. It is answered once. */
export interface CallbackRequest {
  id: string;
  deviceId: string;
  ifMatch: string | undefined;
  answer(status: number, owner?: { traceId: string; podId: string }): void;
  /** The connection to the pod broke. */
  broken(): void;
  /** The device is not on this pod. */
  notHere(pod: SimulatedPod, request: CallbackRequest): void;
}

/** Callers give up after this, ms. */
const timeoutMs = 5000;

/** A service that calls back, and the way a callback takes through the fleet. */
export class SimulatedCaller {
  readonly #simulation: Simulation;
  readonly #podOf: (podId: string) => SimulatedPod;
  /** The last connection a device was reached at. */
  readonly #known = new Map<string, string>();
  #count = 0;

  constructor(simulation: Simulation, podOf: (podId: string) => SimulatedPod) {
    this.#simulation = simulation;
    this.#podOf = podOf;
  }

  call(deviceId: string, pod: SimulatedPod): void {
    const simulation = this.#simulation;
    const id = `callback-${(this.#count += 1)}`;
    const known = this.#known.get(deviceId);
    const ifMatch = known !== undefined && simulation.random.chance(0.2) ? known : undefined;
    simulation.record({ type: 'callback.sent', id, deviceId, podId: pod.podId, ifMatch });
    let isOver = false;
    const once = (run: () => void) => {
      if (isOver) return;
      isOver = true;
      simulation.after(simulation.latency(), run);
    };
    const fail = (cause: 'connection' | 'timeout') =>
      once(() => simulation.record({ type: 'callback.failed', id, cause }));
    simulation.after(timeoutMs, () => fail('timeout'));
    const request: CallbackRequest = {
      id,
      deviceId,
      ifMatch,
      broken: () => fail('connection'),
      notHere: (asked, taken) => this.#forward(asked, taken),
      answer: (status, owner) =>
        once(() => {
          if (owner) this.#known.set(deviceId, owner.traceId);
          simulation.record({ type: 'callback.answered', id, status, ...owner });
        }),
    };
    simulation.after(simulation.latency(), () => pod.handle(request));
  }

  /** One hop, to the pod the registry names. */
  #forward(pod: SimulatedPod, request: CallbackRequest): void {
    pod.redis.lookUp(request.deviceId, (reply) => {
      if (pod.state === 'gone') return request.broken();
      pod.wake(() => {
        if (!reply) return request.answer(503);
        if (!reply.value || reply.value.podId === pod.podId) return request.answer(404);
        const owner = this.#podOf(reply.value.podId);
        const broken = () => request.answer(503);
        const hop: CallbackRequest = { ...request, broken, notHere: (_, taken) => taken.answer(409) };
        this.#simulation.after(this.#simulation.latency(), () => owner.handle(hop));
      });
    });
  }
}
