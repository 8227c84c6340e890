import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

/** The port cannot be listened on; the message names the variable to change. */
export class ListenError extends Error {
  readonly code = 'listen';

  constructor(variable: string, host: string | undefined, port: number, cause: unknown) {
    const why = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'the port is in use' : String(cause);
    super(`${variable}=${port}: cannot listen on ${host ?? 'IPv6 and IPv4'}: ${why}`, { cause });
    this.name = 'ListenError';
  }
}

/**
 * How many connections may wait for being accepted. Node's own 511 are fewer than the devices of a pod that all come back at once, or
 * the connections that callers open while a pod stands still for a second. Linux takes the smaller one of this and net.core.somaxconn,
 * which is 4096 since Linux 5.4.
 */
const backlog = 4096;

/** Without a host on every address, IPv6 and IPv4, or IPv4 alone where there is no IPv6 (`net.Server.listen`). Resolves with the port, which is the one asked for or, for 0, any free one. */
export async function listen(
  server: Server,
  variable: string,
  { host, port }: { host: string | undefined; port: number },
): Promise<number> {
  server.listen({ port, host, backlog });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(variable, host, port, error);
  }
  return (server.address() as AddressInfo).port;
}

/** A server over `max` closes a new connection as soon as it is accepted. Then `onDropped` is called. Infinity: no limit. */
export function limitConnections(server: Server, max: number, onDropped: () => void): void {
  if (max === Infinity) return;
  server.maxConnections = max;
  server.on('drop', onDropped);
}
