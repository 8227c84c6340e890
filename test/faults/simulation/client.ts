import type { SimulatedConnection } from './connection.ts';
import type { SimulatedDevice } from './device.ts';
import type { SimulatedPod } from './pod.ts';
import type { Simulation } from './simulation.ts';

/** The device's end of one connection. */
export class SimulatedClient {
  readonly device: SimulatedDevice;
  readonly pod: SimulatedPod;
  readonly conn: number;
  readonly port: number;
  readonly #simulation: Simulation;
  readonly #dialledAt: number;
  #connection: SimulatedConnection | undefined;
  #state: 'dialling' | 'open' | 'closed' = 'dialling';
  #unread: (() => void)[] | undefined;
  /** What is on its way arrives in order: when the last of it does. */
  #lastArrival = 0;

  constructor(simulation: Simulation, device: SimulatedDevice, pod: SimulatedPod, conn: number) {
    this.#simulation = simulation;
    this.#dialledAt = simulation.now;
    this.device = device;
    this.pod = pod;
    this.conn = conn;
    this.port = 10_000 + (conn % 50_000);
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  get isPaused(): boolean {
    return this.#unread !== undefined;
  }

  /** The pod has accepted. */
  opened(connection: SimulatedConnection): void {
    this.#connection = connection;
    this.hear(() => {
      this.#state = 'open';
      const { conn, port, device, pod } = this;
      const dialledAt = this.#dialledAt;
      const { deviceId } = device;
      this.#simulation.record({ type: 'device.opened', conn, deviceId, podId: pod.podId, port, dialledAt });
      device.opened(this);
    });
  }

  /** What the pod has sent arrives here, unless the connection is over by then. */
  hear(run: () => void): void {
    this.#lastArrival = Math.max(this.#lastArrival, this.#simulation.now + this.#simulation.latency());
    this.#simulation.after(this.#lastArrival - this.#simulation.now, () => {
      if (this.#state === 'closed') return;
      if (this.#unread) this.#unread.push(run);
      else run();
    });
  }

  receive(body: string): void {
    if (this.#state === 'open') this.#simulation.record({ type: 'device.received', conn: this.conn, body });
  }

  pause(): void {
    if (this.#state !== 'open' || this.#unread) return;
    this.#unread = [];
    this.#simulation.record({ type: 'device.paused', conn: this.conn });
  }

  resume(): void {
    const unread = this.#unread;
    if (this.#state !== 'open' || !unread) return;
    this.#unread = undefined;
    this.#simulation.record({ type: 'device.resumed', conn: this.conn });
    for (const run of unread) run();
  }

  /** Leaves, and the pod hears of it. */
  leave(): void {
    if (this.#state !== 'open') return;
    const code = this.#simulation.random.chance(0.5) ? 1000 : 1006;
    this.#over(code, 'device');
    this.pod.after(this.#simulation.latency(), () => this.#connection?.close(code));
  }

  closedByPeer(code: number): void {
    if (this.#state === 'open') this.#over(code, 'peer');
  }

  /** The socket is gone. */
  cut(): void {
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#over(1006, 'peer');
    this.#state = 'closed';
  }

  #over(code: number, by: 'device' | 'peer'): void {
    this.#state = 'closed';
    this.#simulation.record({ type: 'device.closed', conn: this.conn, code, by });
    this.device.closed(this);
  }
}
