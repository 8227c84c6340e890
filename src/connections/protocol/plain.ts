import { isUtf8 } from 'node:buffer';
import type { Protocol } from './protocol.ts';
import { isText } from './protocol.ts';

const heard = { type: 'message' } as const;

/** Every frame to the device is one callback body, every frame of the device one message: any WebSocket client works. */
export const plain: Protocol = {
  acks: false,

  message({ body, contentType }) {
    if (!isText(contentType)) return { data: body, binary: true };
    return isUtf8(body) ? { data: body, binary: false } : undefined;
  },

  hear: () => heard,
};
