import type { Disconnect } from '../../machines/disconnect.ts';
import { restarting } from '../../machines/disconnect.ts';

/** After how long a device that has to go shall be back, ms: up to `spreadMs`, at random, so that not all are back at once. */
export function drawReconnect(spreadMs: number): number {
  return Math.round(Math.random() * spreadMs);
}

/** What the close frame says: the reason, or when the pod restarts the time to come back after. */
export function closeReason(disconnect: Disconnect, spreadMs: number): string {
  if (disconnect !== restarting) return disconnect.reason;
  return JSON.stringify({ reconnectAfterMs: drawReconnect(spreadMs) });
}
