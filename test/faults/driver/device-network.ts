import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Direction } from '../../support/tcp-proxy.ts';

/**
 * What lies between the devices and one pod. It is on the devices' side of each connection and not a proxy of its own,
 * so that a device knows the port by which the pod knows it.
 */
export class DeviceNetwork {
  readonly #held = new Set<Direction>();
  readonly #wires = new Set<Wire>();
  #isCut = false;

  /** A stream to the pod. */
  connect(host: string, port: number): Wire {
    const socket = connect({ host, port, noDelay: true });
    const wire = new Wire(socket, (direction) => this.#held.has(direction));
    this.#wires.add(wire);
    wire.once('close', () => {
      if (socket.closed) this.#wires.delete(wire);
      else socket.once('close', () => this.#wires.delete(wire)); // its end may be held
    });
    if (this.#isCut) setImmediate(() => wire.reset());
    return wire;
  }

  /** Resets every connection, and every new one as soon as somebody listens to it. */
  cut(): void {
    this.#isCut = true;
    for (const wire of this.#wires) wire.reset();
  }

  /** Nothing gets through in that direction any more, not even the end of a connection. `up` is to the pod. */
  blackHole(direction: Direction | 'both'): void {
    for (const each of direction === 'both' ? (['up', 'down'] as const) : [direction]) this.#held.add(each);
  }

  /** What was held is delivered, as TCP does after a partition. */
  heal(): void {
    this.#isCut = false;
    this.#held.clear();
    for (const wire of this.#wires) wire.release();
  }
}

/** One device's stream to a pod: the bytes of its socket, unless the network holds them. */
export class Wire extends Duplex {
  readonly #socket: Socket;
  readonly #isHeld: (direction: Direction) => boolean;
  readonly #waiting: Record<Direction, (() => void)[]> = { up: [], down: [] };

  constructor(socket: Socket, isHeld: (direction: Direction) => boolean) {
    super({ autoDestroy: true });
    this.#socket = socket;
    this.#isHeld = isHeld;
    socket.on('data', (chunk: Buffer) => {
      this.#pass('down', () => {
        if (!this.push(chunk)) socket.pause();
      });
    });
    socket.on('end', () => this.#pass('down', () => this.push(null)));
    socket.on('error', (error) => this.#pass('down', () => this.destroy(error)));
    socket.on('close', () => {
      if (!socket.readableEnded) this.#pass('down', () => this.destroy());
    });
  }

  /** By which the pod knows it. */
  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** The network is cut: both ends see a reset. */
  reset(): void {
    this.#waiting.up = [];
    this.#waiting.down = [];
    this.#socket.resetAndDestroy();
    this.destroy(new Error('the network was cut'));
  }

  /** Delivers what was held. */
  release(): void {
    for (const pass of [...this.#waiting.up.splice(0), ...this.#waiting.down.splice(0)]) pass();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#pass('up', () => {
      if (this.#socket.destroyed) done();
      else this.#socket.write(chunk, (error) => done(error));
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#pass('up', () => {
      if (this.#socket.destroyed) done();
      else this.#socket.end(done);
    });
  }

  /** The pod does not hear of it while nothing gets through to it. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#pass('up', () => this.#socket.destroy());
    done(error);
  }

  #pass(direction: Direction, deliver: () => void): void {
    if (this.#isHeld(direction)) this.#waiting[direction].push(deliver);
    else deliver();
  }
}
