import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

export interface ReceivedFrame {
  data: Buffer;
  binary: boolean;
}

export interface ReceivedClose {
  code: number;
  reason: string;
}

/** A device: a real WebSocket client that writes down what it gets. */
export class Device {
  readonly socket: WebSocket;
  readonly frames: ReceivedFrame[] = [];
  readonly closed: Promise<ReceivedClose>;
  /** Rejects when refused. */
  readonly opened: Promise<unknown>;
  #waiting: (() => void)[] = [];

  constructor(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('message', (data: Buffer, binary) => {
      this.frames.push({ data, binary });
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.opened = once(this.socket, 'open').finally(() => this.socket.on('error', () => {}));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Connects device `deviceId` to the pod at `address` (`IP:PORT` of its device listener). Rejects when refused. */
  static async connect(address: string, deviceId: string, protocols: string[] = []): Promise<Device> {
    const device = new Device(`ws://${address}/connect?deviceId=${encodeURIComponent(deviceId)}`, protocols);
    await device.opened;
    return device;
  }

  /** Resolves with the first `count` frames once they are here. */
  async received(count: number): Promise<ReceivedFrame[]> {
    while (this.frames.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.frames.slice(0, count);
  }

  send(data: string | Buffer): void {
    this.socket.send(data);
  }

  /** Leaves without a closing handshake, as a device that loses its network. */
  vanish(): void {
    this.socket.terminate();
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
