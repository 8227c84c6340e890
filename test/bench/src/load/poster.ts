import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** Takes an answer: its status, and its body for when that is not 200. */
type OnAnswer = (status: number, body: string) => void;

const shared = Buffer.alloc(65_536);

/** One kept HTTP connection of a service, with one request at a time. Throws when the connection breaks. */
export class Poster {
  readonly #socket: Socket;
  readonly connected: Promise<void>;
  #answer = '';
  #onAnswer: OnAnswer | undefined;
  #destroyed = false;

  constructor(port: number) {
    const onread = { buffer: shared, callback: (length: number) => this.#read(shared.toString('latin1', 0, length)) };
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread });
    this.connected = new Promise((resolve) => void this.#socket.once('connect', resolve));
    this.#socket.on('close', () => {
      if (!this.#destroyed) throw new Error('a callback connection was cut');
    });
  }

  /** `request` is a whole HTTP request. */
  post(request: Buffer, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer;
    this.#socket.write(request);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#socket.destroy();
  }

  /** Returns true: go on reading. */
  #read(text: string): true {
    this.#answer += text;
    const head = this.#answer.indexOf('\r\n\r\n') + 4;
    if (head < 4) return true;
    const length = /content-length: (\d+)/i.exec(this.#answer)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${this.#answer}`);
    const end = head + Number(length);
    if (this.#answer.length < end) return true;
    if (this.#answer.length > end) throw new Error('an answer nobody has asked for');
    const status = Number(this.#answer.slice(9, 12)); // HTTP/1.1 200
    const body = status === 200 ? '' : this.#answer.slice(head);
    this.#answer = '';
    this.#onAnswer!(status, body);
    return true;
  }
}

/** For who accepts nothing but a delivery. */
export function expectDelivery(status: number, body: string): void {
  if (status !== 200) throw new Error(`a callback was answered ${status}: ${body}`);
}
