import { createHash } from 'node:crypto';
import { afterAll } from 'vitest';
import { DeviceWebSocket } from '../../../src/connections/device-web-socket.ts';

/** A whole message in words, so that two of them can be compared and a difference can be read: `text Hello`, `binary 00ff`. */
export function messageText(binary: boolean, data: Buffer): string {
  const kind = binary ? 'binary' : 'text';
  if (data.length > 64) return `${kind} of ${data.length} bytes, sha1 ${createHash('sha1').update(data).digest('hex')}`;
  return `${kind} ${data.toString(binary ? 'hex' : 'utf8')}`;
}

/**
 * Writes down every message that pods of this process hear until the test file ends, by the device that sent it, and lets them hear it as before. A pod does not
 * send messages back, so that this is the only place that shows whether a message came whole and unchanged.
 */
export function recordHeard(): Map<string, string[]> {
  const heard = new Map<string, string[]>();
  const emit = Reflect.get(DeviceWebSocket.prototype, 'emit');
  DeviceWebSocket.prototype.emit = function (this: DeviceWebSocket, event, first, second) {
    if (event === 'message') {
      const { deviceId } = this.listener as unknown as { deviceId: string };
      const text = messageText(second as boolean, first as Buffer);
      const messages = heard.get(deviceId);
      if (messages) messages.push(text);
      else heard.set(deviceId, [text]);
    }
    return emit.call(this, event, first, second);
  };
  afterAll(() => {
    DeviceWebSocket.prototype.emit = emit;
  });
  return heard;
}
