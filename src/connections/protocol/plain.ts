import { isUtf8 } from 'node:buffer';
import type { Protocol } from './protocol.ts';
import { isText } from './protocol.ts';

const heard = { type: 'message' } as const;

/** Plain mode. Every frame to the device is the body of one callback, and every frame from the device is one message. */
export const plain: Protocol = {
  acks: false,

  message({ body, contentType }) {
    if (!isText(contentType)) return { data: body, binary: true };
    return isUtf8(body) ? { data: body, binary: false } : undefined;
  },

  hear: () => heard,
};
