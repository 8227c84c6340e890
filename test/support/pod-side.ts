import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { ReceivedClose } from './device.ts';

/** A pod's side of one connection in envelope mode: it says what it is told to, and writes down what the device says. */
export class PodSide {
  /** Path and query of the upgrade. */
  readonly path: string;
  /** The subprotocols the device offered. */
  readonly offered: string[];
  /** The frames of the device, parsed. */
  readonly frames: unknown[] = [];
  readonly closed: Promise<ReceivedClose>;
  readonly #socket: WebSocket;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, { url = '', headers }: IncomingMessage) {
    this.#socket = socket;
    this.path = url;
    this.offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    socket.on('error', () => {}); // 'close' follows
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString('utf8')));
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  welcome({ traceId = 'a'.repeat(32), pingIntervalMs = 25_000 } = {}): void {
    this.send({ type: 'welcome', deviceId: 'lamp-1', traceId, podId: 'pod-1', registered: true, pingIntervalMs });
  }

  /** Pushes a message; `fields` replace its own. */
  push(id: string, fields: Record<string, unknown> = {}): void {
    this.send({ type: 'message', id, contentType: 'text/plain', data: `data of ${id}`, ...fields });
  }

  goaway(reconnectAfterMs: number): void {
    this.send({ type: 'goaway', reason: 'restarting', reconnectAfterMs });
  }

  /** Sends a frame, as JSON unless it is text already. */
  send(frame: object | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Leaves what comes unread, as a pod that stands still. */
  pause(): void {
    this.#socket.pause();
  }

  ping(): void {
    this.#socket.ping();
  }

  /** 1006 cuts it without a word. */
  close(code: number, reason = ''): void {
    if (code === 1006) this.#socket.terminate();
    else this.#socket.close(code, reason);
  }

  /** Resolves with the first `count` frames of the device once they are here. */
  async received(count: number): Promise<unknown[]> {
    while (this.frames.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.frames.slice(0, count);
  }
}
