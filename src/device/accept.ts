import { Socket } from 'node:net';
import { contended } from '../../machines/disconnect.ts';
import { createRandomIds } from '../random-ids.ts';
import type { Connections } from './connections.ts';
import { createRefreshSpread } from './deadlines.ts';
import { DeviceSocket } from './socket.ts';
import type { Accepted, SocketPorts } from './socket-ports.ts';

/** What happens to an upgraded socket: it gets a traceId and a turn among the refreshes, and its life begins. */
export function createAccept(connections: Connections, socketPorts: SocketPorts): (accepted: Accepted) => void {
  const { clock, settings, log, connects } = socketPorts;
  const isLogged = log.isLevelEnabled('debug');
  const drawTraceId = createRandomIds();
  const nextRefresh = createRefreshSpread(settings.refreshMs);
  return (accepted) => {
    const { deviceId, socket, stream, tokenExpiresAt, isContended } = accepted;
    const traceId = drawTraceId();
    if (isLogged) log.debug({ deviceId, traceId, remotePort: remotePort(accepted) }, 'connection opened');
    connects?.accepted(stream, deviceId, traceId);
    const refreshAt = nextRefresh(clock.now());
    const init = { deviceId, socket, stream, traceId, refreshAt, tokenExpiresAt };
    const connection = new DeviceSocket(socketPorts, init);
    if (isContended) connection.refuse(contended);
    else connections.open(connection);
  };
}

function remotePort({ stream }: Accepted): number | undefined {
  return stream instanceof Socket ? stream.remotePort : undefined;
}
