import type { connect } from 'node:net';
import { WebSocket } from 'ws';
import type { Wire } from './device-network.ts';
import type { FaultPod } from './pod.ts';
import type { Recorder } from './recorder.ts';

export interface LinkOptions {
  deviceId: string;
  pod: FaultPod;
  recorder: Recorder;
  opened: () => void;
  /** After `opened`: it is over. */
  closed: (code: number, reason: string) => void;
  /** Instead of `opened`: refused, cut, or not answered in time. */
  failed: () => void;
}

const handshakeTimeoutMs = 3000;
const closeTimeoutMs = 2000;

let conns = 0;

/** One connection of a device, from the dial to the end, written down as the device sees it. */
export class Link {
  readonly pod: FaultPod;
  readonly #conn: number;
  readonly #options: LinkOptions;
  readonly #socket: WebSocket;
  readonly #dialledAt = Date.now();
  #wire: Wire | undefined;
  #isOpened = false;
  #endedHere = false;
  #paused: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    const { deviceId, pod, recorder } = options;
    this.#options = options;
    this.pod = pod;
    this.#conn = conns += 1;
    const { host, devicePort } = pod.place;
    this.#socket = new WebSocket(`ws://${host}:${devicePort}/connect?deviceId=${deviceId}`, {
      perMessageDeflate: false,
      createConnection: (() => (this.#wire = pod.network.connect(host, devicePort))) as unknown as typeof connect,
    });
    const timer = setTimeout(() => this.#socket.terminate(), handshakeTimeoutMs);
    this.#socket.on('open', () => {
      clearTimeout(timer);
      this.#opened();
    });
    this.#socket.on('message', (body: Buffer) => {
      recorder.record({ type: 'device.received', conn: this.#conn, body: String(body) });
    });
    this.#socket.on('error', () => {}); // the close that follows says it
    this.#socket.on('close', (code, reason) => {
      clearTimeout(timer);
      this.#closed(code, String(reason));
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.send(text);
  }

  /** Reads nothing for some ms. */
  pauseFor(ms: number): void {
    if (!this.isOpen || this.#paused) return;
    const { recorder } = this.#options;
    recorder.record({ type: 'device.paused', conn: this.#conn });
    this.#socket.pause();
    this.#paused = setTimeout(() => {
      this.#paused = undefined;
      recorder.record({ type: 'device.resumed', conn: this.#conn });
      this.#socket.resume();
    }, ms);
  }

  /** With the closing handshake. */
  close(): void {
    this.#endedHere = true;
    this.#socket.close(1000);
    const timer = setTimeout(() => this.#socket.terminate(), closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Without. */
  vanish(): void {
    this.#endedHere = true;
    this.#socket.terminate();
  }

  #opened(): void {
    const { deviceId, pod, recorder, opened } = this.#options;
    this.#isOpened = true;
    const port = this.#wire!.localPort;
    const { podId } = pod;
    recorder.record({ type: 'device.opened', conn: this.#conn, deviceId, podId, port, dialledAt: this.#dialledAt });
    opened();
  }

  #closed(code: number, reason: string): void {
    const { recorder, closed, failed } = this.#options;
    clearTimeout(this.#paused);
    if (!this.#isOpened) return failed();
    recorder.record({ type: 'device.closed', conn: this.#conn, code, by: this.#endedHere ? 'device' : 'peer' });
    closed(code, reason);
  }
}
