import type { OutgoingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * The answer that is written on this connection of an HTTP server, or will be; undefined between two requests. Node has no public name
 * for it. It calls it `_httpMessage` in all its versions, and decides by it what to send for a malformed request, as we do.
 */
export function answerUnderWay(socket: Duplex): OutgoingMessage | undefined {
  const { _httpMessage: answer } = socket as { _httpMessage?: OutgoingMessage | null };
  return answer ?? undefined;
}
