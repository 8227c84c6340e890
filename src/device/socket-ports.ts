import type { Duplex } from 'node:stream';
import type { Disconnect } from '../../machines/disconnect.ts';
import type { Clock } from '../clock.ts';
import type { Clockwork } from '../clockwork.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { LeasePorts } from '../registry/lease.ts';
import type { ConnectSpans } from '../tracing/connect.ts';
import type { DeadlineSettings } from './deadlines.ts';
import type { DeviceWebSocket, RateLimits } from './device-web-socket.ts';
import type { Ended } from './life-log.ts';
import type { DeviceSocket } from './socket.ts';
import type { Traffic } from './traffic.ts';

export interface SocketSettings extends DeadlineSettings, RateLimits {
  podId: string;
  pingIntervalMs: number;
  /** From one refresh of the registry entry to the next, ms. */
  refreshMs: number;
  maxBufferedBytes: number;
  /** The largest `reconnectAfterMs` a drain hands out. */
  reconnectSpreadMs: number;
}

/** Where the pod keeps its sockets. */
export interface SocketKeeper {
  /** No callback goes to this one any more. */
  forget(socket: DeviceSocket): void;
  /** Its life is over. */
  end(socket: DeviceSocket): void;
}

/** What all sockets of a pod share. */
export interface SocketPorts {
  clock: Clock;
  clockwork: Clockwork;
  settings: SocketSettings;
  keeper: SocketKeeper;
  traffic: Traffic;
  lease: LeasePorts;
  metrics: Pick<Metrics, 'closed'>;
  logLife: (ended: Ended, disconnect: Disconnect) => void;
  log: Logger;
  /** Undefined: nothing is traced. */
  connects?: ConnectSpans | undefined;
}

/** An upgrade that was granted. */
export interface Accepted {
  deviceId: string;
  socket: DeviceWebSocket;
  /** What the WebSocket runs over. */
  stream: Duplex;
  /** Ms on the pod's clock; Infinity when there is no token. */
  tokenExpiresAt: number;
  /** Another machine uses the id of the device: this connection is closed at once. */
  isContended: boolean;
}

export interface DeviceSocketInit extends Omit<Accepted, 'isContended'> {
  traceId: string;
  refreshAt: number;
}
