import type { AskElsewhere } from '../callback/ask-elsewhere.ts';
import type { Clock } from '../base/clock.ts';
import type { Connections } from '../connections/connections.ts';

/**
 * Decides whether a device may connect although connections of it took over from each other too often of late. Undefined: they did
 * not. Otherwise resolves with true when the present connection is dead, so that the device may have its place.
 */
export type Contest = (deviceId: string) => Promise<boolean> | undefined;

export function createContest(connections: Connections, clock: Clock, askElsewhere: AskElsewhere): Contest {
  return (deviceId) => {
    if (!connections.isContended(deviceId, clock.now())) return undefined;
    const settle = async (): Promise<boolean> => {
      const present = connections.get(deviceId);
      const isAlive = await (present ? present.isAlive() : askElsewhere(deviceId));
      if (isAlive) return false;
      // Another one may have come meanwhile. It gets its own ping, and the handshake its own time limit.
      return connections.get(deviceId) === present || settle();
    };
    return settle();
  };
}
