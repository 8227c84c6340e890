/** The protocols between pods and devices: how messages become frames, and frames become messages. */

import type { GoawayFrame, WelcomeFrame } from './frames.ts';

/** A message of a service to a device. */
export interface Message {
  body: Buffer;
  /** The media type decides whether the body is sent as text or as binary. Empty if the service gave none. */
  contentType: string;
  /** The id of the message, also in the acknowledgement. */
  id: string;
  /** How long the service waits for the acknowledgement, ms. Undefined: it does not wait. */
  ackWithinMs: number | undefined;
  /** W3C Trace Context §3.2. */
  traceparent: string | undefined;
}

/** The payload and type of one WebSocket frame. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

/** Content of the `welcome` frame. */
export type Welcome = Omit<WelcomeFrame, 'type'>;

/** Content of the `goaway` frame. */
export type Goaway = Omit<GoawayFrame, 'type'>;

/** A parsed frame of the device: an application message, or the acknowledgement of a message. */
export type Heard = { type: 'message' } | { type: 'ack'; id: string };

/** A protocol. It has no method for a frame that it does not have. */
export interface Protocol {
  /** Does the protocol have acknowledgements? */
  readonly acks: boolean;
  /** Undefined if the frame would be text but is not UTF-8. A device would have to close its connection (RFC 6455 §8.1). */
  message(message: Message): Frame | undefined;
  welcome?(welcome: Welcome): Frame;
  goaway?(goaway: Goaway): Frame;
  /** Parses a frame of the device. Undefined if the protocol has no such frame. */
  hear(data: Buffer, binary: boolean): Heard | undefined;
}

/** Is a body of this media type sent as text? True for `text/*` and `application/json`. */
export function isText(contentType: string): boolean {
  return /^\s*(text\/[^;]+|application\/json)\s*(;|$)/i.test(contentType);
}
