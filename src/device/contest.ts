import type { AskElsewhere } from '../callback/ask-elsewhere.ts';
import type { Clock } from '../base/clock.ts';
import type { Connections } from '../connections/connections.ts';

/**
 * Decides whether a device is allowed to connect although it has reached the takeover limit. Undefined: it has not reached the limit.
 * Otherwise resolves with true if the current connection is dead, so that the new one can replace it.
 */
export type Contest = (deviceId: string) => Promise<boolean> | undefined;

export function createContest(connections: Connections, clock: Clock, askElsewhere: AskElsewhere): Contest {
  return (deviceId) => {
    if (!connections.isContended(deviceId, clock.now())) return undefined;
    const settle = async (): Promise<boolean> => {
      const present = connections.get(deviceId);
      const isAlive = await (present ? present.isAlive() : askElsewhere(deviceId));
      if (isAlive) return false;
      // Another connection can have come in the meantime. It gets its own ping. The handshake has its own time limit.
      return connections.get(deviceId) === present || settle();
    };
    return settle();
  };
}
