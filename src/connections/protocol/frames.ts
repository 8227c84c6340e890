/**
 * The JSON text frames of `ws-connect.v1`.
 *
 *   to the device     {"type":"welcome","deviceId","traceId","podId","registered","pingIntervalMs"}   once
 *                     {"type":"message","id","contentType","data" or "base64","ack":true?,"traceparent"?}
 *                     {"type":"goaway","reason","reconnectAfterMs"}   connect again; this connection is closed afterwards
 *   from the device   {"type":"message","data"}
 *                     {"type":"ack","id"}
 */
import { z } from 'zod';
import { deviceId, traceId } from '../../base/schemas.ts';

/** To the device: the first frame, sent once. */
export const welcomeFrame = z.object({
  type: z.literal('welcome'),
  deviceId,
  traceId,
  podId: z.string(),
  registered: z.boolean().describe('false: the device is connected, but services cannot find it yet'),
  pingIntervalMs: z.int().describe('how often the pod pings, ms'),
});

const messageHead = {
  type: z.literal('message'),
  id: z.string().describe('id of the message for the acknowledgement'),
  contentType: z.string().describe('media type of the body; empty if the service gave none'),
};
const messageTail = {
  ack: z.literal(true).optional().describe('the service waits for an acknowledgement'),
  traceparent: z.string().optional().describe('W3C Trace Context of the service'),
};

/** To the device: a message of a service, as text or in base64. */
export const messageFrame = z.union([
  z.object({ ...messageHead, data: z.string(), ...messageTail }),
  z.object({ ...messageHead, base64: z.base64(), ...messageTail }),
]);

/** To the device: connect again; this connection is closed afterwards. */
export const goawayFrame = z.object({
  type: z.literal('goaway'),
  reason: z.string().describe('the reason of the close that follows'),
  reconnectAfterMs: z.int().describe('how long to wait before the reconnect, ms'),
});

/** From the device: an application message with any content. */
export const deviceMessageFrame = z.looseObject({ type: z.literal('message'), data: z.unknown() });

/** From the device: it has taken in the message with this id. */
export const ackFrame = z.looseObject({ type: z.literal('ack'), id: z.string() });

export type WelcomeFrame = z.infer<typeof welcomeFrame>;
export type MessageFrame = z.infer<typeof messageFrame>;
export type GoawayFrame = z.infer<typeof goawayFrame>;
