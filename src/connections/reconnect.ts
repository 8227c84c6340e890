import type { Disconnect } from '../../machines/disconnect.ts';
import { restarting } from '../../machines/disconnect.ts';

/** Random time from 0 to `spreadMs` after which a device must reconnect, ms, so that devices do not all reconnect at once. */
export function drawReconnect(spreadMs: number): number {
  return Math.round(Math.random() * spreadMs);
}

/** The reason text of the close frame. For `restarting` it is the JSON with `reconnectAfterMs`. */
export function closeReason(disconnect: Disconnect, spreadMs: number): string {
  if (disconnect !== restarting) return disconnect.reason;
  return JSON.stringify({ reconnectAfterMs: drawReconnect(spreadMs) });
}
