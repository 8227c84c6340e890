import { WebSocket } from 'ws';
import { backoffMs } from '@ws-connect/callback-client/internal/backoff';
import type { Random } from './random.ts';

/** `parked` only listens, `chatty` says something about every second, `slow` reads in fits and starts. */
export type Behaviour = 'parked' | 'chatty' | 'slow';

/** What a device tells whoever watches it. */
export interface DeviceEvents {
  /** `gapMs`: how long it was offline; undefined the first time. */
  opened: (gapMs: number | undefined) => void;
  /** It had a connection and has lost it. 1006: without a word. */
  closed: (code: number) => void;
  /** It tried to connect and was answered with this status; 0: with none. */
  refused: (status: number) => void;
  received: (text: string) => void;
}

export interface DeviceOptions {
  deviceId: string;
  behaviour: Behaviour;
  /** `ws://HOST:PORT` */
  base: string;
  random: Random;
  events: DeviceEvents;
}

const talkMs = { least: 500, most: 1500 };
const slowMs = { paused: 1000, reading: 500 };
const backoff = { firstMs: 500, mostMs: 10_000 };
const handshakeTimeoutMs = 10_000;

/**
 * How long a device waits before it comes back, as the documentation asks; undefined: it may not come back. `failures` counts
 * the attempts since it was last connected.
 */
export function comeBackMs(close: { code: number; reason: string }, failures: number, random: Random) {
  const { code, reason } = close;
  if (code >= 4500 && code <= 4999) return undefined;
  if (code === 1012) {
    const hint = /^\{"reconnectAfterMs":(\d+)\}$/.exec(reason)?.[1];
    if (hint !== undefined) return Number(hint);
  }
  return backoffMs(random, failures, backoff);
}

/** How long after a refusal: as long as it says, else with growing patience. */
export function tryAgainMs(retryAfter: string | undefined, failures: number, random: Random): number {
  const seconds = /^\d{1,4}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return seconds === undefined ? backoffMs(random, failures, backoff) : seconds * 1000;
}

/** One device: a WebSocket client that behaves as the documentation asks, for as long as it lives. */
export class Device {
  readonly #options: DeviceOptions;
  #socket: WebSocket | undefined;
  #failures = 0;
  #lostAt: number | undefined;
  #comeBack: NodeJS.Timeout | undefined;
  #habit: NodeJS.Timeout | undefined;
  #isRetired = false;

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connects, and comes back from now on whenever it may. */
  start(): void {
    const { base, deviceId } = this.#options;
    const url = `${base}/connect?deviceId=${deviceId}`;
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: handshakeTimeoutMs });
    let refusal: { status: number; retryAfter: string | undefined } = { status: 0, retryAfter: undefined };
    let isOpen = false;
    this.#socket = socket;
    socket.on('error', () => {}); // 'close' follows
    socket.on('unexpected-response', (_, { statusCode = 0, headers }) => {
      refusal = { status: statusCode, retryAfter: headers['retry-after'] };
      socket.terminate();
    });
    socket.on('open', () => {
      isOpen = true;
      this.#opened(socket);
    });
    socket.on('message', (data: Buffer) => this.#options.events.received(String(data)));
    socket.on('close', (code, reason) => {
      if (this.#isRetired) return;
      if (isOpen) this.#closed(code, String(reason));
      else this.#refused(refusal.status, refusal.retryAfter);
    });
  }

  /** Leaves for good. */
  retire(): void {
    this.#isRetired = true;
    clearTimeout(this.#comeBack);
    clearTimeout(this.#habit);
    this.#socket?.terminate();
  }

  #opened(socket: WebSocket): void {
    const { behaviour, events } = this.#options;
    this.#failures = 0;
    events.opened(this.#lostAt === undefined ? undefined : performance.now() - this.#lostAt);
    if (behaviour === 'chatty') this.#talk(socket);
    if (behaviour === 'slow') this.#readSlowly(socket);
  }

  #closed(code: number, reason: string): void {
    clearTimeout(this.#habit);
    this.#lostAt = performance.now();
    this.#options.events.closed(code);
    this.#returnAfter(comeBackMs({ code, reason }, this.#failures, this.#options.random));
  }

  #refused(status: number, retryAfter: string | undefined): void {
    this.#failures += 1;
    this.#options.events.refused(status);
    this.#returnAfter(tryAgainMs(retryAfter, this.#failures, this.#options.random));
  }

  #returnAfter(ms: number | undefined): void {
    if (ms !== undefined) this.#comeBack = setTimeout(() => this.start(), ms);
  }

  #talk(socket: WebSocket): void {
    const { least, most } = talkMs;
    this.#habit = setTimeout(
      () => {
        if (socket.readyState === WebSocket.OPEN) socket.send('still here');
        this.#talk(socket);
      },
      least + this.#options.random() * (most - least),
    );
  }

  #readSlowly(socket: WebSocket): void {
    if (socket.isPaused) socket.resume();
    else socket.pause();
    this.#habit = setTimeout(() => this.#readSlowly(socket), socket.isPaused ? slowMs.paused : slowMs.reading);
  }
}
