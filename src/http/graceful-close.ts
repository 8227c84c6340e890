import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { answerUnderWay } from './under-way.ts';

/** A kept connection is ended when it has been idle for this long, ms: more than a request is on its way, or a caller needs to send it. */
const idleMs = 300;
/** How long bytes are still read, and thrown away, on a connection that we have ended, ms: they would reset it otherwise. */
const readOnMs = 100;
/** For so many turns of the event loop at most, connections that the kernel has taken are waited for: new ones may come all the time. */
const maxTurns = 20;

/**
 * Watches the connections of this HTTP server from now on. What is returned closes it in stages (RFC 9112 §9.6), within `withinMs`:
 * it takes no new connection; what is asked on those there are is still answered, with `Connection: close`; a connection that stays
 * idle is ended, and read a little longer. Whatever is left is cut. Resolves once all connections are gone.
 */
export function createGracefulClose(server: Server): (withinMs: number) => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return async (withinMs) => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    await acceptWaiting(server);
    answerOnceMore(server);
    server.closeIdleConnections = () => {}; // close() calls it: it would cut off the requests that are on their way
    server.close();
    const endIdle = createEndIdle(sockets);
    endIdle();
    const rounds = setInterval(() => setImmediate(endIdle), idleMs); // what came while the process stood still is read first
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearInterval(rounds);
    clearTimeout(cut);
  };
}

/** Resolves when two turns of the event loop have brought no connection: those that wait in the backlog would be reset. */
async function acceptWaiting(server: Server): Promise<void> {
  let quietTurns = 0;
  const note = () => (quietTurns = 0);
  server.on('connection', note);
  for (let turn = 0; turn < maxTurns && quietTurns < 2; turn += 1) {
    quietTurns += 1;
    await nextTurn();
  }
  server.off('connection', note);
}

/** From now on each connection has one more answer, with `Connection: close`. Nothing is done for what is asked after that. */
function answerOnceMore(server: Server): void {
  const handlers = server.listeners('request') as RequestListener[];
  const last = new WeakSet<Socket>();
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket, headers } = request;
    if (last.has(socket) || !socket.writable) return; // no answer would arrive, so the caller may ask again elsewhere
    last.add(socket);
    response.shouldKeepAlive = false;
    headers.connection = 'close'; // so that a body that is refused is read to its end before the answer
    for (const handle of handlers) handle(request, response);
  });
}

/** Ends the connections that were idle at the call before as well. */
function createEndIdle(sockets: ReadonlySet<Socket>): () => void {
  let idle = new Set<Socket>();
  return () => {
    const wereIdle = idle;
    idle = new Set();
    for (const socket of sockets) {
      if (answerUnderWay(socket) || !socket.writable) continue;
      if (wereIdle.has(socket)) end(socket);
      else idle.add(socket);
    }
  };
}

function end(socket: Socket): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), readOnMs);
  socket.once('close', () => clearTimeout(timer));
}
