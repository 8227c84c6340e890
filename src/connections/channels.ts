import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TypedChannel } from '@ws-connect/callback-client/internal/channel';

/** A device requests an upgrade. It is refused, or accepted and has a connection. `stream` is the same object in all three. */
export const upgrades = {
  requested: new TypedChannel<{ request: IncomingMessage; stream: Duplex }>('upgrade.requested'),
  refused: new TypedChannel<{ stream: Duplex; status: number; code: string }>('upgrade.refused'),
  accepted: new TypedChannel<{ stream: Duplex; deviceId: string; traceId: string }>('upgrade.accepted'),
};
