import { waitMs } from './backoff.ts';

/** The pod's greeting. */
export interface Welcome {
  readonly deviceId: string;
  /** Names this connection; services see it, too. */
  readonly traceId: string;
  readonly podId: string;
  /** False: services cannot find this device yet, as the pod's registry is away just now. */
  readonly registered: boolean;
  /** How often the pod pings, ms. */
  readonly pingIntervalMs: number;
}

/** What a service has sent. */
export interface Message {
  /** Names the message; a copy of it has the same. */
  readonly id: string;
  readonly contentType: string;
  /** Text as it was sent, JSON included; bytes when it was sent as anything else. */
  readonly data: string | Uint8Array;
  /** The trace it belongs to (W3C Trace Context), when the service sent one. */
  readonly traceparent?: string;
}

/** The pod's frames: JSON text frames of the subprotocol `ws-connect.v1`. */
export type PodFrame =
  | { type: 'welcome'; welcome: Welcome }
  | { type: 'goaway'; reconnectAfterMs: number }
  | { type: 'message'; message: Message; wantsAck: boolean };

/** The device's frames. */
export type DeviceFrame = { type: 'ack'; id: string } | { type: 'message'; data: string };

type Fields = Record<string, unknown>;

/** Undefined: a kind of frame this client is too old for, to be ignored. Throws when it cannot be read. */
export function parseFrame(text: unknown): PodFrame | undefined {
  const fields = JSON.parse(text as string) as Fields;
  switch (fields['type']) {
    case 'welcome':
      return { type: 'welcome', welcome: readWelcome(fields) };
    case 'goaway':
      return { type: 'goaway', reconnectAfterMs: waitMs(fields['reconnectAfterMs']) ?? 0 };
    case 'message':
      return { type: 'message', message: readMessage(fields), wantsAck: fields['ack'] === true };
    default:
      return undefined;
  }
}

function readWelcome({ deviceId, traceId, podId, registered, pingIntervalMs }: Fields): Welcome {
  return { deviceId, traceId, podId, registered, pingIntervalMs } as Welcome;
}

function readMessage({ id, contentType, data, base64, traceparent }: Fields): Message {
  if (typeof id !== 'string') throw new TypeError('a message without an id');
  const content = typeof base64 === 'string' ? bytesOf(base64) : data;
  if (content === undefined) throw new TypeError('a message without data');
  return { id, contentType, data: content, ...(traceparent !== undefined && { traceparent }) } as Message;
}

declare function atob(base64: string): string;

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
