import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { ConnectionActor, SupervisedConnection } from '../../machines/connections.ts';
import type { ConnectionEvent } from '../../machines/connection.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import {
  closedByPeer,
  invalidText,
  messageTooBig,
  protocolError,
  restarting,
  serverError,
  tooManyFragments,
} from '../../machines/disconnect.ts';
import { closeTimeoutMs } from '../../machines/drain-plan.ts';
import type { Clock } from '../clock.ts';
import type { Clockwork, Timed } from '../clockwork.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Lease, LeaseOutcome } from '../registry/lease.ts';
import type { Deadlines, DeadlineSettings } from './deadlines.ts';
import { nextDeadline, nextTurn } from './deadlines.ts';
import type { Frame } from './protocol.ts';

export interface SocketSettings extends DeadlineSettings {
  pingIntervalMs: number;
  /** From one refresh of the registry entry to the next, ms. */
  refreshMs: number;
  maxBufferedBytes: number;
  /** The largest `reconnectAfterMs` a drain hands out. */
  reconnectSpreadMs: number;
}

/** Where the pod keeps its sockets. */
export interface SocketKeeper {
  /** No callback goes to this one any more. */
  forget(socket: DeviceSocket): void;
  /** Its life is over. */
  end(socket: DeviceSocket): void;
}

/** What all sockets of a pod share. */
export interface SocketPorts {
  clock: Clock;
  clockwork: Clockwork;
  settings: SocketSettings;
  keeper: SocketKeeper;
  metrics: Metrics;
  log: Logger;
}

/** `backpressure`: too much is waiting for this device already. `gone`: the connection ended before the bytes were out. */
export type Delivery = 'delivered' | 'backpressure' | 'gone';

/** One device's WebSocket, bound to the actor that lives the connection's life. */
export class DeviceSocket implements SupervisedConnection, Deadlines, Timed {
  readonly connectedAt: number;
  actor: ConnectionActor | undefined;
  lastDataAt: number;
  lastSeenAt: number;
  pingAt: number;
  refreshAt: number;
  cutAt = Infinity;
  dueTick = Infinity;
  readonly #ports: SocketPorts;
  readonly #socket: DeviceWebSocket;
  readonly #stream: Duplex;
  readonly #lease: Lease;
  #callbacksInFlight = 0;

  constructor(ports: SocketPorts, { socket, stream, lease, refreshAt }: DeviceSocketInit) {
    const now = ports.clock.now();
    this.#ports = ports;
    this.#socket = socket;
    this.#stream = stream;
    this.#lease = lease;
    this.connectedAt = now;
    this.lastDataAt = now;
    this.lastSeenAt = now;
    this.pingAt = now + ports.settings.pingIntervalMs;
    this.refreshAt = refreshAt;
    socket.device = this;
    socket.on('message', onMessage).on('ping', onSeen).on('pong', onSeen).on('error', onError).on('close', onClose);
  }

  get deviceId(): string {
    return this.#lease.deviceId;
  }

  get traceId(): string {
    return this.#lease.traceId;
  }

  /** The chart's own dotted state. */
  get state(): string {
    const value = this.actor?.getSnapshot().value ?? 'connecting';
    if (typeof value === 'string') return value;
    return 'registered' in value ? `registered.${value.registered}` : `closing.${value.closing}`;
  }

  /** Not closing yet. */
  get isOpen(): boolean {
    return this.#is('open');
  }

  /** How long a drain would have to spare it no longer: no data for this long, ms; 0 while something is under way. */
  quietMs(now: number): number {
    return this.#callbacksInFlight > 0 || this.#socket.bufferedAmount > 0 ? 0 : now - this.lastDataAt;
  }

  tell(event: ConnectionEvent): void {
    this.actor?.send(event);
    if (this.#isAlive) this.#ports.clockwork.arm(this, 0); // another state may have other deadlines
  }

  close(disconnect: Disconnect): void {
    this.tell({ type: 'close', disconnect });
  }

  /** Pushes one frame. Resolves when the kernel has taken it. */
  deliver({ data, binary }: Frame): Promise<Delivery> {
    const buffered = this.#socket.bufferedAmount;
    if (buffered > 0 && buffered + data.length > this.#ports.settings.maxBufferedBytes) {
      return Promise.resolve('backpressure');
    }
    this.#callbacksInFlight += 1;
    return new Promise((resolve) => {
      this.#socket.send(data, { binary }, (error) => {
        this.#callbacksInFlight -= 1;
        if (error || this.#stream.destroyed) return resolve('gone'); // a write cut off from this side reports no error
        this.noteData();
        resolve('delivered');
      });
    });
  }

  /** Acts on every deadline that has come, and says when to look again. */
  look(now: number): number {
    if (!this.#isAlive) return Infinity;
    const { settings } = this.#ports;
    if (now >= this.cutAt) this.tell({ type: 'closing.overdue' });
    if (now >= this.lastSeenAt + settings.pongTimeoutMs) this.tell({ type: 'peer.silent' });
    if (this.#is('active') && now >= this.lastDataAt + settings.idleAfterMs) this.tell({ type: 'connection.idle' });
    if (now >= this.pingAt) {
      this.pingAt = now + settings.pingIntervalMs;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
    }
    if (now >= this.refreshAt) {
      this.refreshAt = nextTurn(this.refreshAt, settings.refreshMs, now);
      void this.#lease.refresh().then((outcome) => this.#refreshed(outcome));
    }
    return this.#isAlive ? nextDeadline(this, this.#is('active'), settings) : Infinity;
  }

  register(): void {
    this.#ports.clockwork.arm(this, 0);
    void this.#lease.register().then((outcome) => this.tell({ type: `registry.${outcome}` }));
  }

  unregister(): void {
    this.refreshAt = Infinity;
    this.#ports.keeper.forget(this);
    void this.#lease.unregister().then((outcome) => {
      this.tell({ type: outcome === 'failed' ? 'registry.unregisterFailed' : 'registry.unregistered' });
    });
  }

  closeSocket(disconnect: Disconnect): void {
    this.pingAt = Infinity;
    if (this.#socket.readyState === WebSocket.CLOSED) {
      this.tell({ type: 'socket.closed', disconnect });
      return;
    }
    this.cutAt = this.#ports.clock.now() + closeTimeoutMs;
    this.#socket.close(disconnect.code, this.#closeReason(disconnect));
    if (disconnect.abrupt) this.#socket.terminate();
  }

  terminateSocket(): void {
    this.cutAt = Infinity;
    this.#socket.terminate();
  }

  ended(disconnect: Disconnect): void {
    const { keeper, metrics, log, clock, clockwork } = this.#ports;
    clockwork.disarm(this);
    keeper.end(this);
    metrics.closed(disconnect);
    const durationMs = Math.round(clock.now() - this.connectedAt);
    const { code, reason } = disconnect;
    log.debug({ deviceId: this.deviceId, traceId: this.traceId, code, reason, durationMs }, 'connection ended');
  }

  crashed(error: unknown): void {
    const { keeper, metrics, log, clockwork } = this.#ports;
    clockwork.disarm(this);
    log.error({ err: error, deviceId: this.deviceId, traceId: this.traceId }, 'connection crashed');
    keeper.forget(this);
    keeper.end(this);
    metrics.closed(serverError);
    this.#socket.close(serverError.code, serverError.reason);
    void this.#lease.unregister();
  }

  /** The pod gives up on this connection: cut the socket, and delete the entry as far as the registry answers. */
  async abandon(): Promise<void> {
    this.#socket.terminate();
    await this.#lease.unregister();
  }

  /** The actor hears of it only when something changes. */
  #refreshed(outcome: LeaseOutcome): void {
    if (outcome === 'registered' && this.#is('registered')) return;
    this.tell({ type: `registry.${outcome}` });
  }

  get #isAlive(): boolean {
    return this.actor?.getSnapshot().status === 'active';
  }

  #is(tag: 'open' | 'registered' | 'active' | 'idle'): boolean {
    return this.actor?.getSnapshot().hasTag(tag) === true;
  }

  #closeReason(disconnect: Disconnect): string {
    if (disconnect !== restarting) return disconnect.reason;
    return JSON.stringify({ reconnectAfterMs: Math.round(Math.random() * this.#ports.settings.reconnectSpreadMs) });
  }

  noteSeen(): void {
    this.lastSeenAt = this.#ports.clock.now();
  }

  /** Data came or went. The hot path: two plain writes, and the actor hears of it only when the state changes. */
  noteData(): void {
    this.lastDataAt = this.#ports.clock.now();
    this.lastSeenAt = this.lastDataAt;
    if (this.#is('idle')) this.tell({ type: 'connection.active' });
  }
}

/** A WebSocket that knows its device, so that all of them share their listeners. */
export class DeviceWebSocket extends WebSocket {
  declare device: DeviceSocket;
}

function onMessage(this: WebSocket): void {
  deviceOf(this).noteData();
}

function onSeen(this: WebSocket): void {
  deviceOf(this).noteSeen();
}

function onError(this: WebSocket, error: Error): void {
  deviceOf(this).tell({ type: 'socket.failed', disconnect: causeOf(error) });
}

function onClose(this: WebSocket, code: number): void {
  deviceOf(this).tell({ type: 'socket.closed', disconnect: closedByPeer(code) });
}

function deviceOf(socket: WebSocket): DeviceSocket {
  return (socket as DeviceWebSocket).device;
}

export interface DeviceSocketInit {
  socket: DeviceWebSocket;
  /** What the WebSocket runs over. */
  stream: Duplex;
  lease: Lease;
  refreshAt: number;
}

function causeOf(error: Error & { code?: string }): Disconnect {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
      return messageTooBig;
    case 'WS_ERR_INVALID_UTF8':
      return invalidText;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return tooManyFragments;
    default:
      return protocolError;
  }
}
