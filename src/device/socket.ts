import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { ConnectionActor, SupervisedConnection } from '../../machines/connections.ts';
import type { ConnectionEvent, ConnectionStateValue } from '../../machines/connection.ts';
import { stateName } from '../../machines/connection.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import { restarting, serverError } from '../../machines/disconnect.ts';
import { closeTimeoutMs } from '../../machines/drain-plan.ts';
import type { Clock } from '../clock.ts';
import type { Clockwork, Timed } from '../clockwork.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { LeaseHolder, LeaseOutcome, LeasePorts } from '../registry/lease.ts';
import { Lease } from '../registry/lease.ts';
import type { Deadlines, DeadlineSettings } from './deadlines.ts';
import { nextDeadline, nextTurn } from './deadlines.ts';
import type { DeviceWebSocket, WebSocketListener } from './device-web-socket.ts';
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
  lease: LeasePorts;
  metrics: Metrics;
  log: Logger;
}

/** An upgrade that was granted. */
export interface Accepted {
  deviceId: string;
  socket: DeviceWebSocket;
  /** What the WebSocket runs over. */
  stream: Duplex;
  /** Ms on the pod's clock; Infinity when there is no token. */
  tokenExpiresAt: number;
}

export interface DeviceSocketInit extends Accepted {
  traceId: string;
  refreshAt: number;
}

/** `backpressure`: too much is waiting for this device already. `gone`: the connection ended before the bytes were out. */
export type Delivery = 'delivered' | 'backpressure' | 'gone';

/** One device's WebSocket, bound to the actor that lives the connection's life. */
export class DeviceSocket implements SupervisedConnection, WebSocketListener, LeaseHolder, Deadlines, Timed {
  readonly deviceId: string;
  readonly traceId: string;
  readonly connectedAt: number;
  readonly lease: Lease;
  actor: ConnectionActor | undefined;
  lastDataAt: number;
  lastSeenAt: number;
  pingAt: number;
  refreshAt: number;
  tokenExpiresAt: number;
  cutAt = Infinity;
  dueTick = Infinity;
  readonly #ports: SocketPorts;
  readonly #socket: DeviceWebSocket;
  readonly #stream: Duplex;
  #callbacksInFlight = 0;

  constructor(ports: SocketPorts, { deviceId, traceId, socket, stream, refreshAt, tokenExpiresAt }: DeviceSocketInit) {
    const now = ports.clock.now();
    this.deviceId = deviceId;
    this.traceId = traceId;
    this.#ports = ports;
    this.#socket = socket;
    this.#stream = stream;
    this.lease = new Lease(ports.lease, this);
    this.connectedAt = now;
    this.lastDataAt = now;
    this.lastSeenAt = now;
    this.pingAt = now + ports.settings.pingIntervalMs;
    this.refreshAt = refreshAt;
    this.tokenExpiresAt = tokenExpiresAt;
    socket.listener = this;
  }

  /** The chart's own dotted state. */
  get state(): string {
    return stateName(this.stateValue);
  }

  /** The state as xstate has it: one value that all connections in the state share. */
  get stateValue(): ConnectionStateValue {
    return this.actor?.getSnapshot().value ?? 'connecting';
  }

  /** Not closing yet. */
  get isOpen(): boolean {
    return this.#is('open');
  }

  /** Known to be the device's newest connection, as far as anything is known. */
  get isTrusted(): boolean {
    return this.#is('trusted');
  }

  get isPeerThere(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** How long a drain would have to spare it no longer: no data for this long, ms; 0 while something is under way. */
  quietMs(now: number): number {
    return this.#callbacksInFlight > 0 || this.#socket.bufferedAmount > 0 ? 0 : now - this.lastDataAt;
  }

  tell(event: ConnectionEvent): void {
    if (!this.#isAlive) return;
    this.actor!.send(event);
    if (this.#isAlive) this.#arm(); // another state may have other deadlines
  }

  /** After the pod stood still: nothing known of the device counts any more, not even that it was silent. */
  doubt(): void {
    const { clock, settings } = this.#ports;
    const now = clock.now();
    this.lastSeenAt = now;
    this.pingAt = now;
    if (now >= this.refreshAt) this.refreshAt = nextTurn(this.refreshAt, settings.refreshMs, now); // it is verified at the pace of repairs
    this.lease.doubt();
    this.tell({ type: 'registry.doubted' });
  }

  /** Closes what shall not even begin to live: nothing is registered, and nobody else's entry touched. */
  refuse(disconnect: Disconnect): void {
    this.#socket.close(disconnect.code, disconnect.reason);
    this.#ports.metrics.closed(disconnect);
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
    if (now >= this.tokenExpiresAt) {
      this.tokenExpiresAt = Infinity;
      this.tell({ type: 'token.expired' });
    }
    if (this.#is('active') && now >= this.lastDataAt + settings.idleAfterMs) this.tell({ type: 'connection.idle' });
    if (now >= this.pingAt) {
      this.pingAt = now + settings.pingIntervalMs;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
    }
    if (now >= this.refreshAt) {
      this.refreshAt = nextTurn(this.refreshAt, settings.refreshMs, now);
      this.lease.refresh();
    }
    return this.#isAlive ? this.#nextDeadline() : Infinity;
  }

  register(): void {
    this.#arm();
    this.lease.refresh();
  }

  unregister(): void {
    this.refreshAt = Infinity;
    this.#ports.keeper.forget(this);
    this.lease.release();
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
    this.lease.release();
  }

  /** The pod gives up on this connection: cut the socket, and delete the entry as far as the registry answers. */
  abandon(): void {
    this.#socket.terminate();
    this.lease.release();
  }

  /** The actor hears of it only when something changes. */
  leaseAnswered(outcome: LeaseOutcome): void {
    if (outcome === 'registered' && this.#is('registered')) return;
    this.tell({ type: `registry.${outcome}` });
  }

  #arm(): void {
    this.#ports.clockwork.arm(this, this.#nextDeadline());
  }

  #nextDeadline(): number {
    return nextDeadline(this, this.#is('active'), this.#ports.settings);
  }

  get #isAlive(): boolean {
    return this.actor?.getSnapshot().status === 'active';
  }

  #is(tag: 'open' | 'trusted' | 'registered' | 'active' | 'idle'): boolean {
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
