import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { ConnectionEvent } from '../../machines/connection.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import { closedByPeer, invalidText, messageTooBig, notUnderstood, protocolError } from '../../machines/disconnect.ts';
import type { Clock } from '../base/clock.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { Config } from '../config.ts';
import { Acks } from './acks.ts';
import type { Frame, Goaway, Message, Protocol, Welcome } from './protocol/protocol.ts';

/** Is told what a device does. */
export interface WebSocketListener {
  /** A message was received or sent. */
  noteData(): void;
  /** Bytes of a message wait for the device. */
  noteUnderWay(): void;
  /** Something else came. */
  noteSeen(): void;
  /** The device is too slow: a callback was refused, and at least half of MAX_BUFFERED_BYTES is waiting. */
  noteBehind(): void;
  /** Less than half of MAX_BUFFERED_BYTES is waiting. */
  noteCaughtUp(): void;
  /** The connection is being closed because the device sent too much. */
  readonly isFlooding: boolean;
  tell(event: ConnectionEvent): void;
}

type RateLimit = 'messagesPerConnectionPerSecond' | 'callbacksPerDevicePerSecond';

/** What all WebSockets of a pod share. A rate limit of 0 is none. */
export interface WebSocketContext {
  readonly clock: Clock;
  readonly config: Pick<Config, RateLimit | 'maxBufferedBytes'>;
}

/**
 * `delivered`: the kernel has taken the bytes. `delivery-timeout`: it has not for 5 s, and may still do. `acked`: the device has acknowledged the message. `ack-timeout`: it has not in time, or
 * the connection has ended. `gone`: the connection ended before the bytes were out. With the others nothing was sent: `invalid-text`:
 * it would be a text frame that is not UTF-8; `no-ack`: the device speaks a protocol without acknowledgements; `backpressure`: too
 * much is waiting for this device already; `too-many-callbacks`: more come than this device may be sent.
 */
export type Delivery =
  | 'delivered'
  | 'acked'
  | 'ack-timeout'
  | 'delivery-timeout'
  | 'gone'
  | 'invalid-text'
  | 'no-ack'
  | 'backpressure'
  | 'too-many-callbacks';

/** Up to this many pings that arrive at once are each answered. Test clients send ten. */
const maxPongsUnderWay = 16;

/** How long a message without an acknowledgement can wait until the device has read the data before it, ms. */
export const deliveryTimeoutMs = 5000;

/**
 * Memory of a waiting callback in addition to its frame, bytes: its request, response, context and promises. On Node 20 it was 7 to 8 KB
 * (measured).
 */
const waitingCallbackBytes = 8192;

/** A payload up to this size is copied behind the head of its frame, bytes. */
const smallBytes = 4096;

/**
 * A WebSocket that speaks the protocol of a device. It has exactly one listener object, because five event listeners per socket would cost
 * more than the rest of a connect.
 */
export class DeviceWebSocket extends WebSocket {
  declare listener: WebSocketListener;
  declare speaks: Protocol;
  declare stream: Duplex;
  declare context: WebSocketContext;
  #callbacksInFlight = 0;
  /** Number of callbacks that the kernel has not taken yet. */
  #unwritten = 0;
  /** Created with the first message that waits for an acknowledgement. */
  #acks: Acks | undefined;
  /** Number of pongs that the kernel has not taken yet. */
  #pongsUnderWay = 0;
  /** Payload of the last ping that arrived while the limit of pongs was reached. */
  #unanswered: Buffer | undefined;
  /** Only where there is a limit, and once something came. */
  #buckets: Partial<Record<RateLimit, TokenBucket>> | undefined;

  /** True if a message is on its way to the device, or waits for its acknowledgement. */
  get isBusy(): boolean {
    return this.#callbacksInFlight > 0 || this.bufferedAmount > 0;
  }

  /** True if the protocol has a frame that asks the device to connect elsewhere. */
  get canLeave(): boolean {
    return this.speaks.goaway !== undefined;
  }

  bytes(): { received: number; sent: number; waiting: number } {
    const { bytesRead = 0, bytesWritten = 0 } = this.stream as Partial<Socket>;
    return { received: bytesRead, sent: bytesWritten, waiting: this.bufferedAmount };
  }

  welcome(welcome: () => Welcome): void {
    this.#push(this.speaks.welcome?.(welcome()));
  }

  goaway(goaway: Goaway): void {
    this.#push(this.speaks.goaway?.(goaway));
  }

  /** Tells the listener when no acknowledgement is missing any more. */
  settleAcks(): void {
    const settled = () => this.listener.tell({ type: 'acks.settled' });
    if (this.#acks) this.#acks.whenSettled(settled);
    else settled();
  }

  /** Resolves when the kernel has taken the message, or with its acknowledgement if one is wanted. */
  deliver(message: Message): Promise<Delivery> {
    const { id, ackWithinMs } = message;
    if (ackWithinMs !== undefined && !this.speaks.acks) return Promise.resolve('no-ack');
    const frame = this.speaks.message(message);
    if (!frame) return Promise.resolve('invalid-text');
    const backlog = this.#backlog;
    if (backlog > 0 && backlog + frame.data.length + waitingCallbackBytes > this.context.config.maxBufferedBytes) {
      if (this.#isBehind) this.listener.noteBehind();
      return Promise.resolve('backpressure');
    }
    if (!this.#take('callbacksPerDevicePerSecond')) return Promise.resolve('too-many-callbacks');
    return ackWithinMs === undefined ? this.#send(frame, deliveryTimeoutMs) : this.#sendForAck(frame, id, ackWithinMs);
  }

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    switch (event) {
      case 'message':
        this.#hear(first as Buffer, second as boolean);
        break;
      case 'ping':
        this.#answerPing(first as Buffer);
        this.listener.noteSeen();
        break;
      case 'pong':
        this.listener.noteSeen();
        break;
      case 'error':
        this.listener.tell({ type: 'socket.failed', disconnect: causeOf(first as Error) });
        break;
      case 'close':
        this.#acks?.abandon();
        this.listener.tell({ type: 'socket.closed', disconnect: closedByPeer(first as number) });
        break;
    }
    return true;
  }

  /** If pings arrive faster than pongs can be sent, only the last ping is answered (RFC 6455 §5.5.3). */
  #answerPing(data: Buffer): void {
    if (this.readyState !== WebSocket.OPEN) return;
    if (this.#pongsUnderWay >= maxPongsUnderWay) {
      this.#unanswered = Buffer.from(data); // a copy, because it is a view of a larger buffer
      return;
    }
    this.#pongsUnderWay += 1;
    this.pong(data, false, () => {
      this.#pongsUnderWay -= 1;
      const last = this.#unanswered;
      this.#unanswered = undefined;
      if (last) this.#answerPing(last);
    });
  }

  /** Memory of everything that waits for the device, bytes. */
  get #backlog(): number {
    const buffered = this.bufferedAmount;
    return buffered === 0 ? 0 : buffered + this.#unwritten * waitingCallbackBytes;
  }

  get #isBehind(): boolean {
    return this.#backlog >= this.context.config.maxBufferedBytes / 2;
  }

  #hear(data: Buffer, binary: boolean): void {
    if (this.#isFlood()) return;
    const heard = this.speaks.hear(data, binary);
    if (!heard) return this.listener.tell({ type: 'close', disconnect: notUnderstood });
    if (heard.type === 'message') return this.listener.noteData();
    this.listener.noteSeen();
    this.#acks?.acknowledge(heard.id);
  }

  /** True from the first message above the limit on. */
  #isFlood(): boolean {
    if (this.context.config.messagesPerConnectionPerSecond === 0) return false;
    if (this.listener.isFlooding) return true;
    if (this.#take('messagesPerConnectionPerSecond')) return false;
    this.listener.tell({ type: 'peer.flooding' });
    return true;
  }

  /** Is there room for one more? */
  #take(limit: RateLimit): boolean {
    const { clock, config } = this.context;
    const perSecond = config[limit];
    if (perSecond === 0) return true;
    this.#buckets ??= {};
    this.#buckets[limit] ??= new TokenBucket(perSecond, clock.now());
    return this.#buckets[limit].take(clock.now());
  }

  async #sendForAck(frame: Frame, id: string, withinMs: number): Promise<Delivery> {
    this.#callbacksInFlight += 1;
    this.#acks ??= new Acks(this.context.clock);
    const acked = this.#acks.wait(id, withinMs); // before the bytes are out, for the device may be quick
    const answered = acked.then((isAcked): Delivery => (isAcked ? 'acked' : 'ack-timeout'));
    const sent = await Promise.race([this.#send(frame), answered]); // they can wait longer behind other data
    const outcome = sent === 'delivered' ? await answered : sent;
    this.#callbacksInFlight -= 1;
    return outcome;
  }

  /** Resolves when the kernel has taken the frame, or after `withinMs`. Most frames are taken at once and need no timer. */
  #send(frame: Frame, withinMs?: number): Promise<'delivered' | 'gone' | 'delivery-timeout'> {
    const { clock } = this.context;
    this.#callbacksInFlight += 1;
    this.#unwritten += 1;
    return new Promise((resolve) => {
      let timer: unknown;
      this.#write(frame, (error) => {
        if (timer !== undefined) clock.clearTimeout(timer);
        this.#callbacksInFlight -= 1;
        this.#unwritten -= 1;
        if (error || this.stream.destroyed) return resolve('gone'); // a write that this side cuts off reports no error
        if (!this.#isBehind) this.listener.noteCaughtUp();
        this.listener.noteData();
        resolve('delivered');
      });
      if (this.bufferedAmount === 0) return;
      this.listener.noteUnderWay();
      if (withinMs === undefined) return;
      timer = clock.setTimeout(() => resolve('delivery-timeout'), withinMs);
    });
  }

  /** Writes a small frame in one piece. `send` would write head and payload separately, which costs more than a copy. */
  #write({ data, binary }: Frame, done: (error?: Error | null) => void): void {
    const isSmall = data.length <= smallBytes && this.readyState === WebSocket.OPEN;
    if (isSmall) this.stream.write(wholeFrame(data, binary), done);
    else this.send(data, { binary }, done);
  }

  #push(frame: Frame | undefined): void {
    if (frame) this.send(frame.data, { binary: frame.binary });
  }
}

/** Creates an unfragmented, unmasked frame with fewer than 65,536 bytes of payload (RFC 6455 §5.2). */
function wholeFrame(payload: Buffer, binary: boolean): Buffer {
  const { length } = payload;
  const headLength = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(headLength + length);
  frame[0] = binary ? 0x82 : 0x81;
  frame[1] = length < 126 ? length : 126;
  if (headLength === 4) frame.writeUInt16BE(length, 2);
  payload.copy(frame, headLength);
  return frame;
}

function causeOf(error: Error & { code?: string }): Disconnect {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return messageTooBig;
    case 'WS_ERR_INVALID_UTF8':
      return invalidText;
    default:
      return protocolError;
  }
}
