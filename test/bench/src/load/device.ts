import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { clientFrame, FrameReader, opcodes } from './frames.ts';
import type { Wire } from './wire.ts';

export interface DeviceOptions {
  port: number;
  deviceId: string;
  wire: Wire;
  /** More headers of the upgrade. */
  headers?: Record<string, string>;
  /** The payload is only good during the call. */
  onPush: (payload: Buffer) => void;
  /** The server's close code; 1006 when the connection ended without a close frame. */
  onClose: (code: number) => void;
  onConnected: () => void;
}

/** All devices read into the same bytes, one after the other. */
const shared = Buffer.alloc(65_536);
const abnormalClosure = 1006;

/** A device on a bare socket, so that the load generator has core to spare and costs the same whatever the server. */
export class LoadDevice {
  readonly #options: DeviceOptions;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  /** The answer to the upgrade as far as it has come; undefined once it is whole. */
  #handshake: string | undefined = '';
  #closeCode: number | undefined;
  /** Is told of every pong. */
  onPong: (() => void) | undefined;

  constructor(options: DeviceOptions) {
    this.#options = options;
    const onread = { buffer: shared, callback: (length: number) => this.#read(shared.subarray(0, length)) };
    this.#socket = connect({ host: '127.0.0.1', port: options.port, noDelay: true, onread });
    this.#socket.write(upgradeRequest(options));
    this.#socket.on('error', () => {}); // 'close' follows
    this.#socket.on('close', () => options.onClose(this.#closeCode ?? abnormalClosure));
  }

  /** The server has closed, or is closing, this connection. */
  get isClosing(): boolean {
    return this.#closeCode !== undefined || this.#socket.destroyed;
  }

  sendText(text: string): void {
    this.write(clientFrame(opcodes.text, Buffer.from(text)));
  }

  /** Whole frames. */
  write(frames: Buffer): void {
    this.#socket.write(frames);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Returns true: go on reading. */
  #read(chunk: Buffer): true {
    if (this.#handshake !== undefined) this.#readHandshake(chunk);
    else this.#frames.read(chunk, this.#onFrame);
    return true;
  }

  #readHandshake(chunk: Buffer): void {
    this.#handshake += chunk.toString('latin1');
    const end = this.#handshake!.indexOf('\r\n\r\n');
    if (end < 0) return;
    const { deviceId, wire, onConnected } = this.#options;
    if (!this.#handshake!.startsWith('HTTP/1.1 101 ')) throw new Error(`${deviceId} was refused: ${this.#handshake}`);
    const rest = this.#handshake!.slice(end + 4);
    this.#handshake = undefined;
    if (wire.connectedByUpgrade) onConnected();
    this.#frames.read(Buffer.from(rest, 'latin1'), this.#onFrame);
  }

  readonly #onFrame = (opcode: number, payload: Buffer): void => {
    if (opcode === opcodes.text) return this.#onText(payload);
    if (opcode === opcodes.ping) {
      this.#socket.write(clientFrame(opcodes.pong, payload));
    } else if (opcode === opcodes.close) {
      this.#closeCode = payload.length < 2 ? abnormalClosure : payload.readUInt16BE(0);
      this.#socket.end(clientFrame(opcodes.close, payload));
    } else if (opcode === opcodes.pong) {
      this.onPong?.();
    } else {
      throw new Error(`${this.#options.deviceId} got a frame with opcode ${opcode}`);
    }
  };

  #onText(payload: Buffer): void {
    const { wire, onPush, onConnected } = this.#options;
    const reaction = wire.reaction(payload);
    if (reaction === 'push') onPush(payload);
    else if (reaction === 'connected') onConnected();
    else this.sendText(reaction.reply);
  }
}

function upgradeRequest({ wire, deviceId, headers = {} }: DeviceOptions): string {
  const lines = [
    `GET ${wire.path(deviceId)} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
