import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { hold, release } from './hold.ts';

/** How long the requests of one server may take in one turn of the event loop, ms. Then the rest waits for the next turn. */
const turnMs = 10;
/** A connection that brings more pieces of requests than this in one turn is costly. */
const costlyPieces = 256;

/**
 * Keeps a server from holding up the event loop. Node reads up to 64 KB of every connection that has something, all in one turn, and
 * parses each read to its end: 64 KB can hold 11,000 chunks of one byte, or 700 requests. Once a turn has taken too long, no more
 * connections are read in it. In the next turn all of them are read again, but only one of those that were costly.
 */
export class Turns {
  readonly #sockets = new Set<Socket>();
  readonly #held = new Set<Socket>();
  /** Held, the longest waiting first. */
  readonly #costly = new Set<Socket>();
  readonly #now: () => number;
  /** When the present turn has no more time; undefined: nothing came in it yet. */
  #endsAt: number | undefined;
  /** The connection of the latest piece, and how many pieces it has brought without a pause. */
  #latest: Socket | undefined;
  #pieces = 0;

  /** `now` is a clock in ms that goes on while JavaScript runs. */
  constructor(server: Pick<Server, 'on'>, now: () => number = () => performance.now()) {
    this.#now = now;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#held.delete(socket);
        this.#costly.delete(socket);
      });
    });
  }

  /** Tells of a piece that was read: a request, or a part of a body. */
  spend(socket: Socket): void {
    const now = this.#now();
    if (this.#latest === socket) {
      this.#pieces += 1;
    } else {
      this.#latest = socket;
      this.#pieces = 1;
    }
    if (this.#endsAt === undefined) {
      this.#endsAt = now + turnMs;
      setImmediate(this.#next);
      return;
    }
    if (this.#pieces === costlyPieces) this.#hold(socket, this.#costly);
    if (now >= this.#endsAt && this.#held.size === 0) for (const one of this.#sockets) this.#hold(one, this.#held);
  }

  #hold(socket: Socket, where: Set<Socket>): void {
    if (this.#costly.has(socket) || this.#held.has(socket)) return;
    where.add(socket);
    hold(socket);
  }

  readonly #next = (): void => {
    this.#endsAt = undefined;
    this.#latest = undefined;
    for (const socket of this.#held) release(socket);
    this.#held.clear();
    const [first] = this.#costly;
    if (!first) return;
    this.#costly.delete(first);
    release(first);
    this.#endsAt = this.#now() + turnMs;
    setImmediate(this.#next);
  };
}
