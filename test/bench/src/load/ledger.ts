import type { Wire } from './wire.ts';

/** Size of a callback body, bytes. */
const bodyBytes = 200;
const digits = 9;
/** Messages that may be under way at once; a power of two. */
const capacity = 1 << 17;
const nobody = -1;

/** The bytes of one device's messages; only the number in them changes. */
interface Template {
  request: Buffer;
  requestNumberAt: number;
  line: Buffer;
  lineNumberAt: number;
  payload: Buffer;
  payloadNumberAt: number;
}

/**
 * Writes down every message that is posted and strikes it out when it has arrived. Throws when a device gets what was never
 * posted to it, other bytes than were posted, or the same twice.
 */
export class Ledger {
  readonly #templates: Template[];
  /** By number modulo capacity. */
  readonly #addressee = new Int32Array(capacity).fill(nobody);
  readonly #intendedAt = new Float64Array(capacity);
  posted = 0;
  arrived = 0;
  /** Is told how long each message took from the intended time of its post, ms. */
  onLatency: ((ms: number) => void) | undefined;

  constructor(deviceIds: readonly string[], wire: Wire) {
    this.#templates = deviceIds.map((deviceId) => createTemplate(deviceId, wire));
  }

  /** Messages posted and not arrived. */
  get underWay(): number {
    return this.posted - this.arrived;
  }

  /** The next message to a device as a whole HTTP request. `intendedAt` is of `performance.now()`. */
  post(device: number, intendedAt: number): Buffer {
    const { request, requestNumberAt } = this.#templates[device]!;
    return this.#write(device, intendedAt, { bytes: request, numberAt: requestNumberAt });
  }

  /** The same as a line of a batch. */
  line(device: number, intendedAt: number): Buffer {
    const { line, lineNumberAt } = this.#templates[device]!;
    return this.#write(device, intendedAt, { bytes: line, numberAt: lineNumberAt });
  }

  #write(device: number, intendedAt: number, { bytes, numberAt }: { bytes: Buffer; numberAt: number }): Buffer {
    const slot = this.posted % capacity;
    if (this.#addressee[slot] !== nobody) throw new Error(`message ${this.posted - capacity} has not arrived`);
    this.#addressee[slot] = device;
    this.#intendedAt[slot] = intendedAt;
    const copy = Buffer.from(bytes); // the last one may still wait to be written
    copy.write(String(this.posted).padStart(digits, '0'), numberAt, 'latin1');
    this.posted += 1;
    return copy;
  }

  /** A device says what it got. */
  arrive(device: number, received: Buffer): void {
    const { payload, payloadNumberAt } = this.#templates[device]!;
    const sameLength = received.length === payload.length;
    if (sameLength) received.copy(payload, payloadNumberAt, payloadNumberAt, payloadNumberAt + digits);
    if (!sameLength || !payload.equals(received))
      throw new Error(`device ${device} got other bytes: ${received.toString()}`);
    const number = Number(received.toString('latin1', payloadNumberAt, payloadNumberAt + digits));
    const slot = number % capacity;
    if (!(number < this.posted) || this.#addressee[slot] !== device) {
      throw new Error(`device ${device} got message ${number}, which is not its own or came before`);
    }
    this.#addressee[slot] = nobody;
    this.arrived += 1;
    this.onLatency?.(performance.now() - this.#intendedAt[slot]!);
  }

  /** The server has refused this message, so it must not arrive. */
  strike(number: number): void {
    this.#addressee[number % capacity] = nobody;
    this.arrived += 1;
  }
}

function createTemplate(deviceId: string, wire: Wire): Template {
  const number = '#'.repeat(digits);
  const start = JSON.stringify({ deviceId, number, text: '' }).slice(0, -2);
  const body = `${start}${'x'.repeat(bodyBytes - start.length - 2)}"}`;
  const lines = [
    `POST /callback/${deviceId} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  const request = `${lines.join('\r\n')}\r\n\r\n${body}`;
  const line = `${JSON.stringify({ deviceId, contentType: 'application/json', data: body })}\n`;
  const payload = wire.pushed(body);
  return {
    request: Buffer.from(request),
    requestNumberAt: request.indexOf(number),
    line: Buffer.from(line),
    lineNumberAt: line.indexOf(number),
    payload: Buffer.from(payload),
    payloadNumberAt: payload.indexOf(number),
  };
}
