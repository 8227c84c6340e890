import type { Redis } from 'ioredis';

/**
 * So much may come without the end of a reply, bytes. The largest replies that are asked for, the ids of all pods and the slots of
 * a Cluster, are about 1 MB for 10,000 pods or nodes. ioredis has no limit of its own and keeps all of an unfinished reply.
 */
const maxReplyBytes = 4 * 1024 * 1024;
/** So long one reply may take to arrive once it has begun, ms. Whoever asked has given up after a second. */
const maxReplyMs = 3000;

/** Cuts each connection of this client whose server sends a reply without an end, or what nobody asked for. The client connects again. */
export function limitReplies(client: Redis): void {
  client.on('connect', () => limitConnection(client));
  client.on('error', ({ message }: Error) => {
    if (message.startsWith('Command queue state error')) client.stream.destroy(); // a reply, but no command was waiting for one
  });
}

/** Looks once at each piece that is read, not at each reply. */
function limitConnection(client: Redis): void {
  const { stream } = client;
  let oldest: unknown;
  let bytes = 0;
  let since = 0;
  stream.prependListener('data', ({ length }: Buffer) => {
    const waiting = client.commandQueue.peekFront();
    if (waiting !== oldest || bytes === 0) {
      oldest = waiting; // it is another command's turn: the reply before has come to its end
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
