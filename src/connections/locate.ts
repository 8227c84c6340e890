import type { Entry } from '../registry/registry.ts';
import type { Connections } from './connections.ts';
import type { DeviceSocket } from './socket.ts';
import type { StallDetector } from './stall-detector.ts';

/** Where a device is: its connection on this pod, or else the entry that the registry has for it, if it has one. */
export type Place = DeviceSocket | Entry | undefined;

/** The only way to a connection that gets a callback. It holds the rule for connections that are not verified. */
export interface Locate {
  /** Asks the registry only if this pod has no verified connection of the device. Rejects when `lookUp` does. */
  (deviceId: string): Promise<Place>;
  /** The verified connection on this pod. There is none right after a stall. */
  verified(deviceId: string): DeviceSocket | undefined;
  /** For a caller that has asked the registry for many devices at once. `entry` is its answer; undefined: it has none. */
  withEntry(deviceId: string, entry: Entry | undefined): Place;
}

export interface LocateOptions {
  connections: Connections;
  stallDetector: StallDetector;
  /** The entry of a device. Rejects when the registry does not answer. */
  lookUp: (deviceId: string) => Promise<Entry | undefined>;
}

export function createLocate({ connections, stallDetector, lookUp }: LocateOptions): Locate {
  const verified = (deviceId: string): DeviceSocket | undefined => {
    stallDetector.check();
    const socket = connections.get(deviceId);
    return socket?.isVerified ? socket : undefined;
  };

  /** A connection that is not verified counts unless the registry names another one. */
  const withEntry = (deviceId: string, entry: Entry | undefined): Place => {
    const socket = connections.get(deviceId);
    if (!socket) return entry;
    return socket.isVerified || !entry || entry.traceId === socket.traceId ? socket : entry;
  };

  const locate = async (deviceId: string): Promise<Place> =>
    verified(deviceId) ?? withEntry(deviceId, await lookUp(deviceId));

  return Object.assign(locate, { verified, withEntry });
}
