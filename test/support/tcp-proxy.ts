import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export type Direction = 'up' | 'down';

export interface Upstream {
  port: number;
  /** 127.0.0.1 unless told. */
  host?: string;
}

/** Listens on a free port of 127.0.0.1 unless told. */
export async function startTcpProxy(upstream: Upstream, { host = '127.0.0.1', port = 0 } = {}): Promise<TcpProxy> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(port, host);
  await once(server, 'listening');
  return new TcpProxy(server, upstream);
}

/** A line to one upstream that can be slow, silent or cut. `up` is from the client to the upstream, `down` the way back. */
export class TcpProxy {
  readonly port: number;
  /** What every byte takes longer, in milliseconds. A new value holds for bytes that arrive from now on. */
  readonly latencyMs: Record<Direction, number> = { up: 0, down: 0 };
  readonly #server: Server;
  readonly #held = new Set<Direction>();
  readonly #lines = new Set<Line>();
  #isCut = false;

  constructor(server: Server, { port, host = '127.0.0.1' }: Upstream) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => {
      if (this.#isCut) client.resetAndDestroy();
      else this.#join(client, connect({ port, host, allowHalfOpen: true, noDelay: true }));
    });
  }

  /** Those it has not yet seen the end of. */
  get connections(): number {
    return this.#lines.size;
  }

  /** Resets every connection, and every new one as soon as it is accepted. */
  cut(): void {
    this.#isCut = true;
    for (const { client, upstream } of this.#lines) for (const socket of [client, upstream]) socket.resetAndDestroy();
  }

  /**
   * Nothing gets through in that direction any more, not even the end of a connection. Connections stay open, new ones
   * are accepted. Senders notice when the buffers on the way are full.
   */
  blackhole(direction: Direction | 'both'): void {
    for (const each of direction === 'both' ? (['up', 'down'] as const) : [direction]) this.#held.add(each);
    this.#flow();
  }

  /** All is well again, but for `latencyMs`. What was held is delivered, as TCP does after a partition. */
  heal(): void {
    this.#isCut = false;
    this.#held.clear();
    this.#flow();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #join(client: Socket, upstream: Socket): void {
    const up = new Pipe(client, upstream, this.#course('up'));
    const down = new Pipe(upstream, client, this.#course('down'));
    const line = { client, upstream, pipes: [up, down] };
    this.#lines.add(line);
    const leave = () => {
      if (client.closed && upstream.closed) this.#lines.delete(line);
    };
    client.once('close', leave);
    upstream.once('close', leave);
  }

  #course(direction: Direction): Course {
    return { latencyMs: () => this.latencyMs[direction], isHeld: () => this.#held.has(direction) };
  }

  #flow(): void {
    for (const { pipes } of this.#lines) for (const pipe of pipes) pipe.flow();
  }
}

interface Line {
  client: Socket;
  upstream: Socket;
  pipes: Pipe[];
}

/** What holds for a direction at the moment. */
interface Course {
  latencyMs(): number;
  isHeld(): boolean;
}

/** What came in, and when it may go out. */
interface Parcel {
  content: Buffer | 'end' | 'reset';
  dueAt: number;
}

/** Bytes that are under way at most in one direction of one connection. */
const capacity = 1024 * 1024;

/** One direction of one connection. It reads no more than it can deliver. */
class Pipe {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #course: Course;
  readonly #parcels: Parcel[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, target: Socket, course: Course) {
    this.#source = source;
    this.#target = target;
    this.#course = course;
    source.on('data', (chunk) => this.#take(chunk));
    source.once('end', () => this.#take('end'));
    source.on('error', () => {}); // the close that follows says it
    source.once('close', (hadError) => {
      if (hadError || !source.readableEnded) this.#take('reset');
    });
    target.on('drain', () => this.flow());
    this.flow();
  }

  /** Delivers what may be delivered now. */
  flow(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const [next] = this.#parcels;
      if (!next || this.#course.isHeld() || this.#target.writableNeedDrain) break;
      const wait = next.dueAt - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.flow(), wait);
        break;
      }
      this.#parcels.shift();
      this.#deliver(next);
    }
    if (this.#course.isHeld() || this.#size >= capacity) this.#source.pause();
    else this.#source.resume();
  }

  #take(content: Parcel['content']): void {
    this.#parcels.push({ content, dueAt: performance.now() + this.#course.latencyMs() });
    this.#size += sizeOf(content);
    this.flow();
  }

  #deliver({ content }: Parcel): void {
    this.#size -= sizeOf(content);
    if (content === 'reset') this.#target.resetAndDestroy();
    else if (content === 'end') this.#target.end();
    else if (this.#target.writable) this.#target.write(content);
  }
}

function sizeOf(content: Parcel['content']): number {
  return typeof content === 'string' ? 0 : content.length;
}
