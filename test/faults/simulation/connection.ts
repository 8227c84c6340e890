import type { SimulatedClient } from './client.ts';
import { SimulatedLease } from './lease.ts';
import type { SimulatedPod } from './pod.ts';

/** A connection's life on its pod. */
export class SimulatedConnection {
  readonly pod: SimulatedPod;
  readonly client: SimulatedClient;
  readonly traceId: string;
  readonly lease: SimulatedLease;
  #isClosing = false;
  #isOver = false;

  constructor(pod: SimulatedPod, client: SimulatedClient, traceId: string) {
    this.pod = pod;
    this.client = client;
    this.traceId = traceId;
    this.lease = new SimulatedLease(pod.redis, this);
  }

  get deviceId(): string {
    return this.client.device.deviceId;
  }

  get isOpen(): boolean {
    return !this.#isClosing;
  }

  begin(): void {
    const { pod, client, deviceId, traceId } = this;
    const { podId, simulation } = pod;
    simulation.record({ type: 'connection.opened', podId, deviceId, traceId, remotePort: client.port });
    client.opened(this);
    this.lease.register();
    this.#refreshAfter(simulation.random.between(0, pod.refreshMs));
  }

  #refreshAfter(ms: number): void {
    this.pod.after(ms, () => {
      if (this.#isClosing) return;
      this.lease.refresh();
      this.#refreshAfter(this.pod.refreshMs);
    });
  }

  /** `code` 1000 and 1006: the device has closed it. */
  close(code: number): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.pod.forget(this);
    this.lease.unregister(() => {
      if (!this.client.isOpen) return this.#end(code);
      if (this.client.isPaused) {
        return this.pod.after(2000, () => {
          this.client.cut();
          this.#end(code);
        });
      }
      this.client.hear(() => this.client.closedByPeer(code));
      this.pod.after(8, () => this.#end(code));
    });
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { podId, simulation } = this.pod;
    const { deviceId, traceId } = this;
    simulation.record({ type: 'connection.ended', podId, deviceId, traceId, code, reason: 'simulated' });
    this.pod.ended(this);
  }
}
