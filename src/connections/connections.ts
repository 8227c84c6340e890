import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ActorRefFrom } from 'xstate';
import type { ConnectionsLogic } from '../../machines/connections.ts';
import { contended } from '../../machines/disconnect.ts';
import { createRandomIds } from '../base/random-ids.ts';
import type { Lease } from '../registry/lease.ts';
import { TakeoverLimiter } from './takeover-limiter.ts';
import { createRefreshSpread } from './deadlines.ts';
import type { DeviceSocketInit } from './socket.ts';
import { DeviceSocket, refreshMs } from './socket.ts';
import { upgrades } from './channels.ts';
import type { ConnectionContext, ConnectionTable } from './connection-context.ts';
import { StateCounts } from './state-counts.ts';

/** This pod's connections: the one to use for each device, and all that still have a life, closing ones included. */
export class Connections implements ConnectionTable {
  readonly #byDevice = new Map<string, DeviceSocket>();
  readonly #all = new Set<DeviceSocket>();
  /** Where they are in their chart. */
  readonly stateCounts = new StateCounts();
  readonly #takeoverLimiter = new TakeoverLimiter();
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
  markUnverified(): void {
    for (const socket of this.#all) socket.markUnverified();
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
    return this.#takeoverLimiter.isContended(deviceId, now);
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
    previous.tell({ type: 'connection.superseded' });
  }

  /** At `now` a connection has turned out to take the place of another one of its device, here or on another pod. */
  noteTakeover({ deviceId, traceId }: Pick<DeviceSocket, 'deviceId' | 'traceId'>, now: number): void {
    this.#takeoverLimiter.noteTakeover(deviceId, traceId, now);
  }

  forget(socket: DeviceSocket): void {
    if (this.#byDevice.get(socket.deviceId) === socket) this.#byDevice.delete(socket.deviceId);
  }

  end(socket: DeviceSocket): void {
    this.#all.delete(socket);
  }
}

/** An upgrade that was granted. */
export interface Accepted extends Omit<DeviceSocketInit, 'traceId' | 'refreshAt'> {
  /** Another machine uses the id of the device, so this connection is closed at once. */
  isContended: boolean;
}

/** Returns what makes a connection of an upgraded socket: it gets a traceId and the time of its first refresh. */
export function createAccept(connections: Connections, context: ConnectionContext): (accepted: Accepted) => void {
  const { clock, config, log } = context;
  const isLogged = log.isLevelEnabled('debug');
  const drawTraceId = createRandomIds();
  const nextRefresh = createRefreshSpread(refreshMs(config));
  return ({ isContended, ...accepted }) => {
    const { deviceId, stream } = accepted;
    const traceId = drawTraceId();
    if (isLogged) log.debug({ deviceId, traceId, remotePort: remotePort(stream) }, 'connection opened');
    if (upgrades.accepted.hasSubscribers) upgrades.accepted.publish({ stream, deviceId, traceId });
    const connection = new DeviceSocket(context, { ...accepted, traceId, refreshAt: nextRefresh(clock.now()) });
    if (isContended) connection.refuse(contended);
    else connections.open(connection);
  };
}

function remotePort(stream: Duplex): number | undefined {
  return stream instanceof Socket ? stream.remotePort : undefined;
}
