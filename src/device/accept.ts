import { randomBytes } from 'node:crypto';
import { Lease } from '../registry/lease.ts';
import type { Claim, Registry } from '../registry/registry.ts';
import { createRefreshSpread } from './deadlines.ts';
import type { Connections } from './connections.ts';
import type { Accepted } from './listener.ts';
import type { SocketPorts } from './socket.ts';
import { DeviceSocket } from './socket.ts';

export interface AcceptOptions {
  connections: Connections;
  socketPorts: SocketPorts;
  registry: Registry;
  /** This pod, as its entries name it. */
  self: () => Pick<Claim, 'serverIp' | 'port' | 'podId'>;
}

/** What happens to an upgraded socket: it gets a traceId, a lease and a turn among the refreshes, and its life begins. */
export function createAccept({ connections, socketPorts, registry, self }: AcceptOptions) {
  const { clock, log, settings } = socketPorts;
  const nextRefresh = createRefreshSpread(settings.refreshMs);
  return ({ deviceId, socket, stream }: Accepted): void => {
    const traceId = randomBytes(16).toString('hex');
    const onError = (error: unknown) => log.debug({ err: error, deviceId, traceId }, 'registry command failed');
    const lease = new Lease({ registry, claim: { deviceId, traceId, ...self() }, clock, onError });
    const refreshAt = nextRefresh(clock.now());
    connections.open(new DeviceSocket(socketPorts, { socket, stream, deviceId, traceId, lease, refreshAt }));
  };
}
