import type { ActorRefFrom } from 'xstate';
import { superseded } from '../../machines/disconnect.ts';
import type { ConnectionsLogic } from '../../machines/connections.ts';
import type { DeviceSocket, SocketKeeper } from './socket.ts';

/** This pod's connections: the one to use for each device, and all that still have a life, closing ones included. */
export class Connections implements SocketKeeper {
  readonly #byDevice = new Map<string, DeviceSocket>();
  readonly #all = new Set<DeviceSocket>();
  readonly #supervisor: ActorRefFrom<ConnectionsLogic>;

  constructor(supervisor: ActorRefFrom<ConnectionsLogic>) {
    this.#supervisor = supervisor;
  }

  /** How many still have a life. */
  get size(): number {
    return this.#all.size;
  }

  all(): Iterable<DeviceSocket> {
    return this.#all;
  }

  get(deviceId: string): DeviceSocket | undefined {
    return this.#byDevice.get(deviceId);
  }

  /** Begins a connection's life. The newest connection of a device wins: an older one is closed. */
  open(socket: DeviceSocket): void {
    const previous = this.#byDevice.get(socket.deviceId);
    this.#byDevice.set(socket.deviceId, socket);
    this.#all.add(socket);
    this.#supervisor.send({ type: 'open', connection: socket });
    previous?.close(superseded);
  }

  forget(socket: DeviceSocket): void {
    if (this.#byDevice.get(socket.deviceId) === socket) this.#byDevice.delete(socket.deviceId);
  }

  end(socket: DeviceSocket): void {
    this.#all.delete(socket);
  }
}
