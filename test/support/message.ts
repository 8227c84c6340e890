import type { Message } from '../../src/connections/protocol/protocol.ts';

/** A message as a service sends it without any option. */
export function textMessage(text: string, overrides: Partial<Message> = {}): Message {
  const body = Buffer.from(text);
  return { body, contentType: 'text/plain', id: 'm-1', ackWithinMs: undefined, traceparent: undefined, ...overrides };
}
