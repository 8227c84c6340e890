import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { ConnectionActor, SupervisedConnection } from '../../machines/connections.ts';
import type { ConnectionEvent, ConnectionStateValue, ConnectionTag } from '../../machines/connection.ts';
import { stateName } from '../../machines/state-name.ts';
import type { Move } from '../../machines/sharing.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import { flooding, serverError } from '../../machines/disconnect.ts';
import { closeTimeoutMs, leaveTimeoutMs, settleTimeoutMs } from '../../machines/drain-plan.ts';
import type { Timed } from '../base/clockwork.ts';
import type { LeaseHolder, LeaseOutcome } from '../registry/lease.ts';
import { Lease } from '../registry/lease.ts';
import type { Deadlines } from './deadlines.ts';
import { lateLookMs, namedDeadlines, nextDeadline, nextTurn, slowReaderMs } from './deadlines.ts';
import type { DeviceWebSocket, Delivery, WebSocketListener } from './device-web-socket.ts';
import type { Message } from './protocol/protocol.ts';
import { protocolOf } from './protocol/subprotocols.ts';
import { closeReason, drawReconnect } from './reconnect.ts';
import type { ConnectionContext, ConnectionSettings } from './connection-context.ts';

/** How long a device has time to answer a ping that decides whether its connection is alive, ms: a round trip on a bad network. */
const probeMs = 2000;

/** The state of a connection before its actor exists. */
const unborn: ConnectionStateValue = { connecting: 'registering' };

/** An upgraded WebSocket, and what is known of its connection. */
export interface DeviceSocketInit {
  deviceId: string;
  /** Unique among all connections. */
  traceId: string;
  socket: DeviceWebSocket;
  /** The TCP or TLS stream below the WebSocket. */
  stream: Duplex;
  /** The time of the first refresh of the registry entry, ms on the pod's clock. */
  refreshAt: number;
  /** Ms on the pod's clock; Infinity without a token. */
  tokenExpiresAt: number;
}

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
  slowAt = Infinity;
  overdueAt = Infinity;
  dueTick = Infinity;
  /** When it entered its state, ms on the pod's clock. */
  movedAt: number;
  #lastMove: Move | undefined;
  /** The running check whether the device is alive. Undefined if there is none. */
  #probe: Promise<boolean> | undefined;
  #onSeen: (() => void) | undefined;
  readonly #context: ConnectionContext;
  readonly #socket: DeviceWebSocket;

  constructor(context: ConnectionContext, init: DeviceSocketInit) {
    const { deviceId, traceId, socket, stream, refreshAt, tokenExpiresAt } = init;
    const now = context.clock.now();
    this.deviceId = deviceId;
    this.traceId = traceId;
    this.#context = context;
    this.#socket = socket;
    this.lease = new Lease(context.lease, this);
    this.connectedAt = now;
    this.movedAt = now;
    this.lastDataAt = now;
    this.lastSeenAt = now;
    this.pingAt = now + context.config.pingIntervalMs;
    this.refreshAt = refreshAt;
    this.tokenExpiresAt = tokenExpiresAt;
    socket.listener = this;
    socket.speaks = protocolOf(socket.protocol);
    socket.stream = stream;
    socket.context = context;
  }

  /** The state of the chart with dots, such as `registered.idle`. */
  get state(): string {
    return stateName(this.stateValue);
  }

  /** The state value of xstate. All connections in the same state share one value. */
  get stateValue(): ConnectionStateValue {
    return this.actor?.getSnapshot().value ?? unborn;
  }

  /** The event that led to its state. */
  get cause(): string | undefined {
    return this.#lastMove?.event;
  }

  /** Not closing yet. */
  get isOpen(): boolean {
    return this.#is('open');
  }

  /** Neither closing nor asked to leave. */
  get isStaying(): boolean {
    return this.#is('staying');
  }

  /** Registered, with no data for `IDLE_AFTER_MS` and nothing under way to the device. */
  get isIdle(): boolean {
    return this.#is('idle');
  }

  /** Known to be the device's newest connection, as far as anything is known. */
  get isVerified(): boolean {
    return this.#is('verified');
  }

  get isFlooding(): boolean {
    return this.actor?.getSnapshot().context.disconnect === flooding;
  }

  get isPeerThere(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  tell(event: ConnectionEvent): void {
    if (!this.#isAlive) return;
    this.actor!.send(event);
    if (this.#isAlive) this.#arm(); // another state can have other deadlines
  }

  /** After the pod stood still: nothing known of the device counts any more, not even that it was silent. */
  markUnverified(): void {
    const { clock, config } = this.#context;
    const now = clock.now();
    this.lastSeenAt = now;
    this.pingAt = now;
    if (now >= this.refreshAt) this.refreshAt = nextTurn(this.refreshAt, refreshMs(config), now); // it is verified at the pace of repairs
    this.lease.markUnverified();
    this.tell({ type: 'pod.stalled' });
  }

  /** Closes a new socket without starting its actor: nothing is registered, and no entry is changed. */
  refuse(disconnect: Disconnect): void {
    this.#socket.close(disconnect.code, disconnect.reason);
    this.#context.metrics.closed(disconnect);
  }

  /** Pings the device. Resolves with true if it shows a sign of life within `probeMs`. Calls in the meantime get the same answer. */
  isAlive(): Promise<boolean> {
    this.#probe ??= this.#ask().finally(() => {
      this.#probe = undefined;
    });
    return this.#probe;
  }

  close(disconnect: Disconnect): void {
    this.tell({ type: 'close', disconnect });
  }

  /** The coming deadlines, the earliest first, ms on the pod's clock. */
  deadlines(): { what: string; time: number }[] {
    return namedDeadlines(this, this.#is('active'), this.#context.config);
  }

  /** Bytes received and sent over the socket, with the handshake, and bytes that wait to be sent. */
  bytes(): { received: number; sent: number; waiting: number } {
    return this.#socket.bytes();
  }

  /** The subprotocol. Empty if the device asked for none. */
  get subprotocol(): string {
    return this.#socket.protocol;
  }

  /** Asks the device to connect elsewhere, if its protocol has a frame for that, and then closes the connection. */
  leave(disconnect: Disconnect): void {
    this.tell({ type: this.#socket.canLeave ? 'leave' : 'close', disconnect });
  }

  /** Sends one message. Resolves when the kernel has taken it, or with its acknowledgement if the service asks for one. */
  deliver(message: Message): Promise<Delivery> {
    return this.#socket.deliver(message);
  }

  /** Acts on every deadline that has come, and says when to look again. */
  onDue(now: number): number {
    if (!this.#isAlive) return Infinity;
    const { config } = this.#context;
    if (now >= this.overdueAt) {
      this.overdueAt = Infinity;
      this.tell({ type: 'peer.overdue' });
    }
    if (now >= this.lastSeenAt + config.pongTimeoutMs) this.tell({ type: 'peer.silent' });
    if (now >= this.tokenExpiresAt) {
      this.tokenExpiresAt = Infinity;
      this.tell({ type: 'token.expired' });
    }
    if (now > this.slowAt + lateLookMs) this.slowAt = now + slowReaderMs;
    if (now >= this.slowAt) this.tell({ type: 'reader.slow' });
    if (this.#is('active') && now >= this.lastDataAt + config.idleAfterMs) {
      if (this.#socket.isBusy) this.lastDataAt = now; // a message, or its acknowledgement, is under way
      else this.tell({ type: 'connection.idle' });
    }
    if (now >= this.pingAt) {
      this.pingAt = now + config.pingIntervalMs;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
    }
    if (now >= this.refreshAt) {
      this.refreshAt = nextTurn(this.refreshAt, refreshMs(config), now);
      this.lease.refresh();
    }
    return this.#isAlive ? this.#nextDeadline() : Infinity;
  }

  register(): void {
    this.#arm();
    this.lease.refresh();
  }

  welcome(registered: boolean): void {
    const { deviceId, traceId } = this;
    const { podId, pingIntervalMs } = this.#context.config;
    this.#socket.welcome(() => ({ deviceId, traceId, podId, registered, pingIntervalMs }));
  }

  askToLeave({ reason }: Disconnect): void {
    const reconnectAfterMs = drawReconnect(Math.min(this.#context.config.reconnectSpreadMs, leaveTimeoutMs / 2));
    this.#socket.goaway({ reason, reconnectAfterMs });
    this.overdueAt = this.#context.clock.now() + leaveTimeoutMs;
  }

  unregister(): void {
    this.refreshAt = Infinity;
    this.#context.table.forget(this);
    this.lease.release();
  }

  settleAcks(): void {
    this.overdueAt = Math.min(this.overdueAt, this.#context.clock.now() + settleTimeoutMs); // no longer than it had to leave
    this.#socket.settleAcks();
  }

  closeSocket(disconnect: Disconnect): void {
    this.pingAt = Infinity;
    if (this.#socket.readyState === WebSocket.CLOSED) return this.tell({ type: 'socket.closed', disconnect });
    this.overdueAt = this.#context.clock.now() + closeTimeoutMs;
    this.#socket.close(disconnect.code, closeReason(disconnect, this.#context.config.reconnectSpreadMs));
    if (disconnect.abrupt) this.#socket.terminate();
  }

  terminateSocket(): void {
    this.#socket.terminate();
  }

  moved(move: Move): void {
    this.#lastMove = move;
    this.movedAt = this.#context.clock.now();
    this.#context.table.stateCounts.moved(move);
  }

  ended(disconnect: Disconnect): void {
    const { table, metrics, logEnd, clockwork } = this.#context;
    clockwork.disarm(this);
    table.end(this);
    if (this.#lastMove) table.stateCounts.ended(this.#lastMove);
    metrics.closed(disconnect);
    logEnd(this, disconnect);
  }

  crashed(error: unknown): void {
    const { table, metrics, log, clockwork } = this.#context;
    clockwork.disarm(this);
    log.error({ err: error, deviceId: this.deviceId, traceId: this.traceId }, 'connection crashed');
    table.forget(this);
    table.end(this);
    if (this.#lastMove) table.stateCounts.ended(this.#lastMove);
    metrics.closed(serverError);
    this.#socket.close(serverError.code, serverError.reason);
    this.lease.release();
  }

  /** Cuts the socket at the end of the pod, and deletes the entry if the registry answers. */
  abandon(): void {
    this.#socket.terminate();
    this.lease.release();
  }

  /** Sends the outcome to the actor, except if nothing changes. */
  leaseAnswered(outcome: LeaseOutcome): void {
    if (outcome === 'registered' && this.#is('registered')) return;
    if (outcome === 'superseded') return this.tell({ type: 'connection.superseded' });
    this.tell({ type: `registry.${outcome}` });
  }

  async #ask(): Promise<boolean> {
    const { clock } = this.#context;
    const askedAt = clock.now();
    if (!this.isPeerThere) return false;
    this.#socket.ping();
    await new Promise<void>((resolve) => {
      this.#onSeen = resolve;
      clock.setTimeout(resolve, probeMs);
    });
    this.#onSeen = undefined;
    return this.isPeerThere && this.lastSeenAt >= askedAt;
  }

  #arm(): void {
    this.#context.clockwork.arm(this, this.#nextDeadline());
  }

  #nextDeadline(): number {
    return nextDeadline(this, this.#is('active'), this.#context.config);
  }

  get #isAlive(): boolean {
    return this.actor?.getSnapshot().status === 'active';
  }

  #is(tag: ConnectionTag): boolean {
    return this.actor?.getSnapshot().hasTag(tag) === true;
  }

  noteBehind(): void {
    this.slowAt = Math.min(this.slowAt, this.#context.clock.now() + slowReaderMs);
    this.#arm();
  }

  noteCaughtUp(): void {
    this.slowAt = Infinity;
  }

  noteSeen(): void {
    this.lastSeenAt = this.#context.clock.now();
    this.#onSeen?.();
  }

  noteUnderWay(): void {
    this.lastDataAt = this.#context.clock.now();
    if (this.#is('idle')) this.tell({ type: 'connection.active' });
  }

  /** Data came or went. The hot path: two plain writes, and the actor hears of it only when the state changes. */
  noteData(): void {
    this.lastDataAt = this.#context.clock.now();
    this.lastSeenAt = this.lastDataAt;
    if (this.#is('idle')) this.tell({ type: 'connection.active' });
  }
}

/** From one refresh of the registry entry to the next, ms. */
export function refreshMs({ leaseTtlMs }: Pick<ConnectionSettings, 'leaseTtlMs'>): number {
  return leaseTtlMs / 3;
}
