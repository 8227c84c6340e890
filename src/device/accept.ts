import type { LeasePorts } from '../registry/lease.ts';
import { Lease } from '../registry/lease.ts';
import type { Connections } from './connections.ts';
import { createRefreshSpread } from './deadlines.ts';
import type { Accepted } from './listener.ts';
import type { SocketPorts } from './socket.ts';
import { DeviceSocket } from './socket.ts';
import { createTraceIds } from './trace-id.ts';

export interface AcceptOptions {
  connections: Connections;
  socketPorts: SocketPorts;
  /** Asked at the first connection: only then the pod's port is known. */
  leasePorts: () => LeasePorts;
}

/** What happens to an upgraded socket: it gets a traceId, a lease and a turn among the refreshes, and its life begins. */
export function createAccept({ connections, socketPorts, leasePorts }: AcceptOptions) {
  const { clock, settings } = socketPorts;
  const drawTraceId = createTraceIds();
  const nextRefresh = createRefreshSpread(settings.refreshMs);
  let ports: LeasePorts | undefined;
  return ({ deviceId, socket, stream }: Accepted): void => {
    ports ??= leasePorts();
    const lease = new Lease(ports, { deviceId, traceId: drawTraceId() });
    const refreshAt = nextRefresh(clock.now());
    connections.open(new DeviceSocket(socketPorts, { socket, stream, lease, refreshAt }));
  };
}
