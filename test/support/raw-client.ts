import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ReceivedClose } from './device.ts';
import { clientFrame } from './rfc6455/frames.ts';
import type { Finish } from './running.ts';

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** What was found in bytes, and how many of them it takes up. */
export interface Parsed<T> {
  value: T;
  size: number;
}

/** A TCP connection that sends exactly what it is told, keeps its side open, and writes down what comes. */
export class RawClient {
  readonly socket: Socket;
  /** What came and was not taken yet. */
  received = Buffer.alloc(0);
  /** What broke the connection. */
  error: NodeJS.ErrnoException | undefined;
  /** The other side has ended or cut it. */
  readonly ended: Promise<void>;
  /** It is gone altogether. */
  readonly closed: Promise<void>;
  #isOver = false;
  #waiting: (() => void)[] = [];

  private constructor(port: number, host: string) {
    this.socket = connect({ port, host, allowHalfOpen: true });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake();
    });
    const over = () => {
      this.#isOver = true;
      this.#wake();
    };
    this.ended = new Promise((resolve) => {
      this.socket
        .once('end', resolve)
        .once('close', () => resolve())
        .once('end', over)
        .once('close', over);
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => resolve());
    });
  }

  /** Connects to `IP:PORT`, with or without `http://` before it. */
  static async connect(address: string, finish: Finish = onTestFinished): Promise<RawClient> {
    const { hostname, port } = new URL(address.startsWith('http') ? address : `http://${address}`);
    const client = new RawClient(Number(port), hostname);
    finish(() => {
      client.socket.destroy();
    });
    await once(client.socket, 'connect');
    return client;
  }

  /** A raw client that has become device `deviceId`. It answers no ping and no close. */
  static async device(address: string, deviceId: string): Promise<RawClient> {
    const client = await RawClient.connect(address);
    client.send(handshake(`/connect?deviceId=${deviceId}`));
    const { status } = await client.answer();
    if (status !== 101) throw new Error(`refused with ${status}`);
    return client;
  }

  send(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Takes the next HTTP answer. */
  answer(): Promise<RawAnswer> {
    return this.take('an HTTP answer', parseAnswer);
  }

  /** Takes what `parse` finds at the beginning of what came, as soon as it is whole. */
  async take<T>(wanted: string, parse: (bytes: Buffer) => Parsed<T> | undefined): Promise<T> {
    for (;;) {
      const parsed = parse(this.received);
      if (parsed) {
        this.received = this.received.subarray(parsed.size);
        return parsed.value;
      }
      await this.#more(wanted);
    }
  }

  /** Takes the next `size` bytes. */
  async bytes(size: number): Promise<Buffer> {
    while (this.received.length < size) await this.#more(`${size} bytes`);
    const taken = this.received.subarray(0, size);
    this.received = this.received.subarray(size);
    return taken;
  }

  /** Takes the close frame that comes next (RFC 6455 §5.5.1). */
  async closeFrame(): Promise<ReceivedClose> {
    const [opcode, length] = await this.bytes(2);
    if (opcode !== 0x88) throw new Error(`frame ${opcode} instead of a close`);
    const payload = await this.bytes(length!);
    return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
  }

  async #more(wanted: string): Promise<void> {
    if (this.#isOver) throw new Error(`the connection ended before ${wanted}: ${this.error?.code ?? 'end'}`);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A request head; a header set to undefined is left out. */
export function requestHead(method: string, path: string, headers: Record<string, string | undefined> = {}): string {
  const lines = Object.entries({ Host: 'pod', ...headers }).map(([name, value]) => value && `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.filter(Boolean).join('')}\r\n`;
}

/** A WebSocket handshake (RFC 6455 §4.1); `headers` replace its own. */
export function handshake(path: string, headers: Record<string, string | undefined> = {}): string {
  return requestHead('GET', path, {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...headers,
  });
}

/** A client's frame (RFC 6455 §5.2), masked with zeros so that the payload stays as it is. */
export function frame(opcode: number, payload: Buffer | string = '', fin = true): Buffer {
  return clientFrame({ opcode, payload, fin });
}

function parseAnswer(bytes: Buffer): Parsed<RawAnswer> | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const bodyStart = headEnd + 4;
  const status = Number(statusLine.split(' ')[1]);
  if (headers['transfer-encoding'] === 'chunked') {
    const end = bytes.indexOf('\r\n0\r\n\r\n', bodyStart); // short answers come in one chunk
    if (end < 0) return undefined;
    const body = bytes.toString('utf8', bytes.indexOf('\r\n', bodyStart) + 2, end);
    return { value: { status, headers, body }, size: end + 7 };
  }
  const size = bodyStart + Number(headers['content-length'] ?? 0);
  if (bytes.length < size) return undefined;
  const body = bytes.toString('utf8', bodyStart, size);
  return { value: { status, headers, body }, size };
}
