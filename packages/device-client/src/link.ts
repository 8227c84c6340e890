import type { Close } from './backoff.ts';
import { DeviceClientError } from './device-client-error.ts';
import type { DeviceFrame, Message, PodFrame, Welcome } from './frames.ts';
import { parseFrame } from './frames.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Surroundings } from './surroundings.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';
import { cut, isOpen, showsPings } from './web-socket.ts';

/** Hears what happens to a link. */
export interface LinkListener {
  welcomed(link: Link, welcome: Welcome): void;
  received(link: Link, message: Message, wantsAck: boolean): void;
  /** The pod will close this link soon. */
  toldToGo(link: Link, reconnectAfterMs: number): void;
  /** The machine slept: the link may be dead. */
  slept(link: Link): void;
  /** It is over, once. `isStray`: to a pod it may be, or become, a connection of this device all the same. */
  ended(link: Link, close: Close, isStray: boolean): void;
  failed(error: DeviceClientError): void;
}

export interface LinkOptions {
  url: string;
  WebSocket: WebSocketConstructor;
  token: string | (() => string | Promise<string>) | undefined;
  connectTimeoutMs: number;
  surroundings: Surroundings;
}

/**
 * asking -> dialing -> opened -> up -> retired -> finishing -> closing -> over, and from each of them to over.
 *
 * asking: for a token. dialing: until the pod's answer. opened: until its welcome. retired: another link has taken over; what was under way still comes.
 * finishing: as long as messages of this link are being handled. closing: the closing handshake.
 */
type Stage = 'asking' | 'dialing' | 'opened' | 'up' | 'retired' | 'finishing' | 'closing' | 'over';

/** How long a retired link goes on listening, ms: what a pod sent before it knew of the new one is on its way no longer. */
const lingerMs = 500;
/** How long the closing handshake may take, ms. */
const closeTimeoutMs = 2000;

const protocol = 'ws-connect.v1';

/** One attempt at a connection, and the connection it becomes. */
export class Link {
  /** When the welcome came, ms on the surroundings' clock. */
  upSince = Infinity;
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  #stage: Stage = 'asking';
  #socket: WebSocketLike | undefined;
  #heartbeat: Heartbeat | undefined;
  #timer: unknown;
  #unanswered = 0;

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
    this.#setTimer(options.connectTimeoutMs, () => this.#end({ code: 1006, reason: 'connect timeout' }));
    void this.#dial();
  }

  /** Its dial is out, so that a pod may know it, but there is no welcome yet. */
  get isDialing(): boolean {
    return this.#stage === 'dialing' || this.#stage === 'opened';
  }

  /** False: there is no open connection. */
  send(frame: DeviceFrame): boolean {
    if (!this.#socket || !isOpen(this.#socket)) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** A message of this link is being handled, and will be answered here. */
  awaitAnswer(): void {
    this.#unanswered += 1;
  }

  /** It was handled; `isGood`: and shall be acknowledged. */
  answer(id: string, isGood: boolean): void {
    if (isGood) this.send({ type: 'ack', id });
    this.#unanswered -= 1;
    this.#finish();
  }

  /** Tells if the machine slept. */
  check(): void {
    this.#heartbeat?.check();
  }

  /** Another link has taken over: goes on with what is under way, then closes. */
  retire(): void {
    this.#stage = 'retired';
    this.#setTimer(lingerMs, () => {
      this.#stage = 'finishing';
      this.#finish();
    });
  }

  /** Ends it, properly if there is a connection. */
  close(reason: string): void {
    if (this.#stage === 'over') return;
    if (this.#stage === 'asking' || this.isDialing) return this.#end({ code: 1006, reason });
    this.#stage = 'closing';
    this.#setTimer(closeTimeoutMs, () => this.#end({ code: 1006, reason }));
    this.#socket?.close(1000, reason);
  }

  async #dial(): Promise<void> {
    let step: 'token-failed' | 'dial-failed' = 'token-failed';
    try {
      const { token, WebSocket, url } = this.#options;
      const known = await Promise.resolve().then(() => (typeof token === 'function' ? token() : token));
      if (this.#stage !== 'asking') return;
      step = 'dial-failed';
      this.#attach(new WebSocket(url, known ? [protocol, `bearer.${known}`] : [protocol]));
    } catch (cause) {
      if (this.#stage !== 'asking') return;
      this.#listener.failed(new DeviceClientError(step, `the connection attempt failed: ${String(cause)}`, cause));
      this.#end({ code: 1006, reason: step });
    }
  }

  #attach(socket: WebSocketLike): void {
    this.#stage = 'dialing';
    this.#socket = socket;
    socket.addEventListener('error', () => {}); // a close follows
    socket.addEventListener('open', () => {
      if (this.#stage === 'dialing') this.#stage = 'opened';
    });
    socket.addEventListener('close', ({ code = 1006, reason = '' }) => this.#end({ code, reason }, false));
    socket.addEventListener('message', ({ data }) => {
      this.#heartbeat?.noteSeen();
      const frame = this.#read(data);
      if (frame) this.#take(frame);
    });
  }

  #read(data: unknown): PodFrame | undefined {
    try {
      return parseFrame(data);
    } catch (cause) {
      this.#listener.failed(new DeviceClientError('bad-frame', `a frame cannot be read: ${String(cause)}`, cause));
      return undefined;
    }
  }

  #take(frame: PodFrame): void {
    switch (frame.type) {
      case 'message':
        return this.#listener.received(this, frame.message, frame.wantsAck);
      case 'welcome':
        return this.#greeted(frame.welcome);
      case 'goaway':
        return this.#listener.toldToGo(this, frame.reconnectAfterMs);
    }
  }

  #greeted(welcome: Welcome): void {
    if (!this.isDialing) return;
    const { surroundings } = this.#options;
    this.#stage = 'up';
    this.upSince = surroundings.now();
    surroundings.clearTimeout(this.#timer);
    const hearsPings = showsPings(this.#socket!, () => this.#heartbeat?.noteSeen());
    this.#heartbeat = new Heartbeat(
      { pingIntervalMs: welcome.pingIntervalMs, hearsPings, surroundings },
      {
        silent: () => this.#end({ code: 1006, reason: 'silent' }),
        slept: () => this.#listener.slept(this),
      },
    );
    this.#listener.welcomed(this, welcome);
  }

  #finish(): void {
    if (this.#stage === 'finishing' && this.#unanswered === 0) this.close('replaced by a newer connection');
  }

  /** `byUs`: the pod may answer the dial yet. */
  #end(close: Close, byUs = true): void {
    if (this.#stage === 'over') return;
    const isStray = this.#stage === 'opened' || (byUs && this.#stage === 'dialing');
    this.#stage = 'over';
    this.#heartbeat?.stop();
    this.#options.surroundings.clearTimeout(this.#timer);
    if (this.#socket) cut(this.#socket);
    this.#listener.ended(this, close, isStray);
  }

  #setTimer(ms: number, run: () => void): void {
    const { surroundings } = this.#options;
    surroundings.clearTimeout(this.#timer);
    this.#timer = surroundings.setTimeout(run, ms);
  }
}
