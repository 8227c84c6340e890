import { until, within } from '../within.ts';
import type { ServerProcess } from '../server-process.ts';
import { LoadDevice } from './device.ts';
import { Ledger } from './ledger.ts';
import type { Wire } from './wire.ts';

/** Handshakes under way at once. */
const concurrency = 100;
const connectMs = 60_000;
const arriveMs = 5000;

/** Many devices of one server, and the ledger of all messages to them. */
export class Fleet {
  readonly devices: LoadDevice[] = [];
  readonly ledger: Ledger;
  readonly #server: ServerProcess;
  readonly #wire: Wire;
  readonly #ids: string[];
  /** Is told of every device that goes; otherwise one that goes is an error. */
  onClose: ((device: number, code: number) => void) | undefined;
  #destroyed = false;

  constructor(server: ServerProcess, wire: Wire, size: number) {
    this.#server = server;
    this.#wire = wire;
    this.#ids = Array.from({ length: size }, (_, index) => `device-${String(index).padStart(5, '0')}`);
    this.ledger = new Ledger(this.#ids, wire);
  }

  /** Connects devices until there are `size`. */
  async connect(size = this.#ids.length): Promise<void> {
    const lane = async () => {
      while (this.devices.length < size) await this.#connectNext();
    };
    await within(connectMs, `${size} connects`, Promise.all(Array.from({ length: concurrency }, lane)));
  }

  /** Resolves once everything posted has arrived. */
  async settled(): Promise<void> {
    const { ledger } = this;
    await until(arriveMs, 'the arrival of every message', () => ledger.underWay === 0);
  }

  destroy(): void {
    this.#destroyed = true;
    for (const device of this.devices) device.destroy();
  }

  #connectNext(): Promise<void> {
    const index = this.devices.length;
    return new Promise((resolve) => {
      const device = new LoadDevice({
        port: this.#server.ports.devicePort,
        deviceId: this.#ids[index]!,
        wire: this.#wire,
        onPush: (payload) => this.ledger.arrive(index, payload),
        onClose: (code) => this.#closed(index, code),
        onConnected: resolve,
      });
      this.devices.push(device);
    });
  }

  #closed(device: number, code: number): void {
    if (this.#destroyed) return;
    if (!this.onClose) throw new Error(`device ${device} was closed with ${code}`);
    this.onClose(device, code);
  }
}
