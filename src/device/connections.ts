import type { ActorRefFrom } from 'xstate';
import type { ConnectionsLogic } from '../../machines/connections.ts';
import type { Lease } from '../registry/lease.ts';
import { Contention } from './contention.ts';
import type { DeviceSocket } from './socket.ts';
import type { SocketKeeper } from './socket-ports.ts';
import { Traffic } from './traffic.ts';

/** This pod's connections: the one to use for each device, and all that still have a life, closing ones included. */
export class Connections implements SocketKeeper {
  readonly #byDevice = new Map<string, DeviceSocket>();
  readonly #all = new Set<DeviceSocket>();
  /** Where they are in their chart. */
  readonly traffic = new Traffic();
  readonly #contention = new Contention();
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

  /** None is trusted any more until it is known whether its device has gone to another pod meanwhile. */
  doubt(): void {
    for (const socket of this.#all) socket.doubt();
  }

  /** What every connection that is not closing holds in the registry. */
  *leases(): Generator<Lease> {
    for (const { lease, isOpen } of this.#all) if (isOpen) yield lease;
  }

  /**
   * Connections of the device took over from each other so often of late that one more shall not, unless the present one is dead: a
   * device on a bad network leaves dead ones behind, and two machines with one id are both alive.
   */
  isContended(deviceId: string, now: number): boolean {
    return this.#contention.isContended(deviceId, now);
  }

  /** Begins a connection's life. The newest connection of a device wins, and an older one is closed. */
  open(socket: DeviceSocket): void {
    const { deviceId, connectedAt } = socket;
    const previous = this.#byDevice.get(deviceId);
    this.#byDevice.set(deviceId, socket);
    this.#all.add(socket);
    this.#supervisor.send({ type: 'open', connection: socket });
    if (!previous) return;
    this.noteTakeover(socket, connectedAt);
    previous.tell({ type: 'registry.superseded' });
  }

  /** At `now` a connection has turned out to take the place of another one of its device, here or on another pod. */
  noteTakeover({ deviceId, traceId }: Pick<DeviceSocket, 'deviceId' | 'traceId'>, now: number): void {
    this.#contention.noteTakeover(deviceId, traceId, now);
  }

  forget(socket: DeviceSocket): void {
    if (this.#byDevice.get(socket.deviceId) === socket) this.#byDevice.delete(socket.deviceId);
  }

  end(socket: DeviceSocket): void {
    this.#all.delete(socket);
  }
}
