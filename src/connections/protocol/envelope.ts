/** `ws-connect.v1`: JSON text frames, see frames.ts. They are not checked with its schemas, because that is too slow. */
import { isUtf8 } from 'node:buffer';
import type { GoawayFrame, MessageFrame, WelcomeFrame } from './frames.ts';
import type { Frame, Heard, Message, Protocol } from './protocol.ts';
import { isText } from './protocol.ts';

export const envelope: Protocol = {
  acks: true,

  message(message) {
    const content = contentOf(message);
    if (!content) return undefined;
    const { id, contentType, ackWithinMs, traceparent } = message;
    return frame({
      type: 'message',
      id,
      contentType,
      ...content,
      ...(ackWithinMs !== undefined && { ack: true }),
      ...(traceparent !== undefined && { traceparent }),
    });
  },

  welcome: (welcome) => frame({ type: 'welcome', ...welcome }),

  goaway: (goaway) => frame({ type: 'goaway', ...goaway }),

  hear(data, binary) {
    return binary ? undefined : understood(parse(data));
  },
};

function contentOf({ body, contentType }: Message): { data: string } | { base64: string } | undefined {
  if (!isText(contentType)) return { base64: body.toString('base64') };
  return isUtf8(body) ? { data: body.toString('utf8') } : undefined;
}

function frame(content: WelcomeFrame | MessageFrame | GoawayFrame): Frame {
  return { data: Buffer.from(JSON.stringify(content)), binary: false };
}

function parse(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined; // the connection is closed with 1003
  }
}

function understood(said: unknown): Heard | undefined {
  if (typeof said !== 'object' || said === null || !('type' in said)) return undefined;
  if (said.type === 'message') return 'data' in said ? { type: 'message' } : undefined;
  const isAck = said.type === 'ack' && 'id' in said && typeof said.id === 'string';
  return isAck ? { type: 'ack', id: said.id as string } : undefined;
}
