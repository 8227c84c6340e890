/** What travels in the frames of a connection: how a pod speaks to a device, and what it understands of it. */

import type { GoawayFrame, WelcomeFrame } from './frames.ts';

/** What a service sends to a device. */
export interface Message {
  body: Buffer;
  /** By the media type the body goes out as text or as binary. Empty: none was given. */
  contentType: string;
  /** Its name for the device and in the acknowledgement. */
  id: string;
  /** How long the service waits for the device to acknowledge it, ms; undefined: it does not. */
  ackWithinMs: number | undefined;
  /** W3C Trace Context §3.2. */
  traceparent: string | undefined;
}

/** One frame as it goes on the wire. */
export interface Frame {
  data: Buffer;
  binary: boolean;
}

/** What the device is told first. */
export type Welcome = Omit<WelcomeFrame, 'type'>;

/** What it is told before it is asked to leave. */
export type Goaway = Omit<GoawayFrame, 'type'>;

/** A frame of the device, understood: an application message, or that it has taken in the message of this id. */
export type Heard = { type: 'message' } | { type: 'ack'; id: string };

/** One way to put it all into frames. What a protocol has no frame for it leaves out. */
export interface Protocol {
  /** Does the device acknowledge messages? */
  readonly acks: boolean;
  /** Undefined: it would go out as text and is not UTF-8, so that a device would have to drop its connection (RFC 6455 §8.1). */
  message(message: Message): Frame | undefined;
  welcome?(welcome: Welcome): Frame;
  goaway?(goaway: Goaway): Frame;
  /** Undefined: no device that speaks this protocol sends such a frame. */
  hear(data: Buffer, binary: boolean): Heard | undefined;
}

/** Does a body of this media type go out as text? `text/*` and `application/json` do. */
export function isText(contentType: string): boolean {
  return /^\s*(text\/[^;]+|application\/json)\s*(;|$)/i.test(contentType);
}
