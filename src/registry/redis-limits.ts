import type { Redis } from 'ioredis';

/**
 * Largest size of a reply, bytes. The largest expected replies are the ids of all pods and the slots of a Cluster: about 1 MB for 10,000
 * pods or nodes. ioredis has no limit and keeps an unfinished reply in memory.
 */
const maxReplyBytes = 4 * 1024 * 1024;
/** Longest time from the beginning of a reply to its end, ms. Commands time out after one second. */
const maxReplyMs = 3000;

/** Cuts a connection of this client if the server sends a reply without an end, or a reply without a command. The client reconnects. */
export function limitReplies(client: Redis): void {
  client.on('connect', () => limitConnection(client));
  client.on('error', ({ message }: Error) => {
    if (message.startsWith('Command queue state error')) client.stream.destroy(); // a reply without a waiting command
  });
}

/** Checks once for each read of the socket, not for each reply. */
function limitConnection(client: Redis): void {
  const { stream } = client;
  let oldest: unknown;
  let bytes = 0;
  let since = 0;
  stream.prependListener('data', ({ length }: Buffer) => {
    const waiting = client.commandQueue.peekFront();
    if (waiting !== oldest || bytes === 0) {
      oldest = waiting; // another command is waiting, so the reply before has ended
      bytes = 0;
      since = performance.now();
    }
    bytes += length;
    if (bytes > maxReplyBytes) {
      stream.destroy(new Error(`the server sent more than ${maxReplyBytes} bytes without the end of a reply`));
    } else if (waiting !== undefined && performance.now() - since > maxReplyMs) {
      stream.destroy(new Error(`the server did not come to the end of a reply within ${maxReplyMs} ms`));
    }
  });
}
