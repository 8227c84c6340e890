import type { DeviceSocket } from '../connections/socket.ts';
import type { RecorderSocket } from './recorder-socket.ts';
import type { TestDevice } from './test-device.ts';

/** A device at the one end of a socket, and what the pod makes of it at the other. */
export class ConnectedDevice implements TestDevice {
  readonly deviceId: string;
  readonly traceId: string;
  readonly states: string[];
  readonly #connection: DeviceSocket;
  readonly #socket: RecorderSocket;

  constructor(connection: DeviceSocket, socket: RecorderSocket) {
    this.deviceId = connection.deviceId;
    this.traceId = connection.traceId;
    this.states = [connection.state];
    this.#connection = connection;
    this.#socket = socket;
    connection.actor!.subscribe(() => {
      if (this.states.at(-1) !== connection.state) this.states.push(connection.state);
    });
  }

  get state(): string {
    return this.#connection.state;
  }

  get received(): readonly (string | Buffer)[] {
    return this.#socket.received;
  }

  get closedWith(): { code: number; reason: string } | undefined {
    return this.#socket.closedWith;
  }

  send(message: string | Buffer): void {
    this.#socket.hear(message);
  }

  hangUp(code = 1000): void {
    this.#socket.end(code);
  }

  breakOff(): void {
    this.#socket.end(1006);
  }

  fallSilent(): void {
    this.#socket.isSilent = true;
  }
}
