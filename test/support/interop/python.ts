import { fileURLToPath } from 'node:url';
import { findPython } from '../python.ts';
import type { Connect } from './device.ts';
import { ProcessDevice } from './process-device.ts';

/** A device with python3-websockets. */
export const connectWebsockets = pythonDevice('websockets_device.py');

/** A device with python3-websocket (websocket-client). */
export const connectWebsocketClient = pythonDevice('websocket_client_device.py');

function pythonDevice(file: string): Connect {
  const script = fileURLToPath(new URL(file, import.meta.url));
  return async (url, protocols) => {
    const { command, env } = await findPython();
    const device = new ProcessDevice(command, [script, url, ...protocols], { env });
    await device.opened();
    return device;
  };
}
