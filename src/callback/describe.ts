import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { isoTime } from '../base/clock.ts';
import type { DeviceSocket } from '../connections/socket.ts';
import { deviceId, traceId } from '../base/schemas.ts';

/** One connection as services and operators see it. */
export const connectionDescription = z.object({
  deviceId,
  state: z.string().describe("state of the connection's chart, such as `registered.idle`"),
  podId: z.string(),
  traceId,
  connectedAt: z.iso.datetime(),
  lastDataAt: z.iso.datetime().describe('when an application message last came, went, or was on its way to the device'),
});

export function describe(socket: DeviceSocket, podId: string, clock: Clock): z.infer<typeof connectionDescription> {
  return {
    deviceId: socket.deviceId,
    state: socket.state,
    podId,
    traceId: socket.traceId,
    connectedAt: isoTime(clock, socket.connectedAt),
    lastDataAt: isoTime(clock, socket.lastDataAt),
  };
}
