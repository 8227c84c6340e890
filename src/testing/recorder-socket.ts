import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { DeviceWebSocket } from '../connections/device-web-socket.ts';

/** How ws makes the socket of a server. Its declarations leave the options out. */
const withoutAddress = [null, undefined, {}] as unknown as [null];

const opcodeBits = 0x0f;
const binaryFrame = 0x2;

/** Of a frame of a server, with fewer than 65,536 bytes of payload (RFC 6455 §5.2). */
function payloadOf(frame: Buffer): Buffer {
  return frame.subarray(frame[1]! < 126 ? 2 : 4);
}

/** A socket without a network: it writes down what it is sent, and does what a device would do. */
export class RecorderSocket extends DeviceWebSocket {
  readonly received: (string | Buffer)[] = [];
  /** Where `DeviceWebSocket` writes small frames past `send`, each in one piece. */
  readonly transport = new Duplex({
    read() {},
    write: (frame: Buffer, _encoding, done) => {
      this.#record(payloadOf(frame), (frame[0]! & opcodeBits) === binaryFrame);
      done();
    },
  });
  closedWith: { code: number; reason: string } | undefined;
  /** Then nothing is answered any more, neither a ping nor a close. */
  isSilent = false;

  constructor(subprotocol: string) {
    super(...withoutAddress);
    this.#define({ readyState: WebSocket.OPEN, protocol: subprotocol });
  }

  /** As `DeviceWebSocket` calls it. */
  override send(data: Buffer, ...rest: unknown[]): void {
    const [{ binary }, done] = rest as [{ binary: boolean }, ((error?: Error) => void)?];
    const isOpen = this.readyState === WebSocket.OPEN;
    if (isOpen) this.#record(data, binary);
    setImmediate(() => done?.(isOpen ? undefined : new Error('the socket is closed')));
  }

  override ping(): void {
    if (!this.isSilent) setImmediate(() => this.emit('pong'));
  }

  override close(code: number, reason: string): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.closedWith = { code, reason };
    this.#define({ readyState: WebSocket.CLOSING });
    if (!this.isSilent) setImmediate(() => this.end(code));
  }

  override terminate(): void {
    this.end(1006);
  }

  /** The device sends a message. */
  hear(message: string | Buffer): void {
    if (this.readyState !== WebSocket.OPEN) throw new Error('this device is not connected any more');
    this.emit('message', Buffer.from(message), typeof message !== 'string');
  }

  /** The connection is over, by a close frame with this code or, for 1006, without one. */
  end(code: number): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.#define({ readyState: WebSocket.CLOSED });
    this.transport.destroy();
    this.emit('close', code);
  }

  #record(data: Buffer, binary: boolean): void {
    this.received.push(binary ? data : data.toString('utf8'));
  }

  /** ws reads these from a connection, and there is none. */
  #define(properties: { readyState: number; protocol?: string }): void {
    for (const [name, value] of Object.entries(properties)) {
      Object.defineProperty(this, name, { value, configurable: true });
    }
  }
}
