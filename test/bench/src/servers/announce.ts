import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';

/** Listens on free ports of 127.0.0.1 and says so on stdout, in the words of ws-connect's own log. */
export async function announce(deviceServer: Server, callbackServer: Server): Promise<void> {
  for (const server of new Set([deviceServer, callbackServer])) {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  }
  const port = (server: Server) => (server.address() as AddressInfo).port;
  const line = { msg: 'ready', devicePort: port(deviceServer), callbackPort: port(callbackServer) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
