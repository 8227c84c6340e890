import { WebSocket } from 'ws';
import type { ConnectionActor, SupervisedConnection } from '../../machines/connections.ts';
import type { ConnectionEvent, ConnectionStateValue, ConnectionTag } from '../../machines/connection.ts';
import { stateName } from '../../machines/state-name.ts';
import type { Move } from '../../machines/sharing.ts';
import type { Disconnect } from '../../machines/disconnect.ts';
import { flooding, serverError } from '../../machines/disconnect.ts';
import { closeTimeoutMs, leaveTimeoutMs, settleTimeoutMs } from '../../machines/drain-plan.ts';
import type { Timed } from '../clockwork.ts';
import type { LeaseHolder, LeaseOutcome } from '../registry/lease.ts';
import { Lease } from '../registry/lease.ts';
import type { Deadlines } from './deadlines.ts';
import { lateLookMs, namedDeadlines, nextDeadline, nextTurn, slowReaderMs } from './deadlines.ts';
import type { DeviceWebSocket, Delivery, WebSocketListener } from './device-web-socket.ts';
import type { Message } from './protocol/protocol.ts';
import { protocolOf } from './protocol/subprotocols.ts';
import { closeReason, drawReconnect } from './reconnect.ts';
import type { DeviceSocketInit, SocketPorts } from './socket-ports.ts';

/** How long a device has time to answer a ping that decides whether its connection is alive, ms: a round trip on a bad network. */
const probeMs = 2000;

/** The state of a connection before its actor exists. */
const unborn: ConnectionStateValue = { connecting: 'registering' };

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
  readonly #ports: SocketPorts;
  readonly #socket: DeviceWebSocket;

  constructor(ports: SocketPorts, { deviceId, traceId, socket, stream, refreshAt, tokenExpiresAt }: DeviceSocketInit) {
    const now = ports.clock.now();
    this.deviceId = deviceId;
    this.traceId = traceId;
    this.#ports = ports;
    this.#socket = socket;
    this.lease = new Lease(ports.lease, this);
    this.connectedAt = now;
    this.movedAt = now;
    this.lastDataAt = now;
    this.lastSeenAt = now;
    this.pingAt = now + ports.settings.pingIntervalMs;
    this.refreshAt = refreshAt;
    this.tokenExpiresAt = tokenExpiresAt;
    socket.listener = this;
    socket.speaks = protocolOf(socket.protocol);
    socket.stream = stream;
    socket.ports = ports;
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

  /** Known to be the device's newest connection, as far as anything is known. */
  get isTrusted(): boolean {
    return this.#is('trusted');
  }

  get isFlooding(): boolean {
    return this.actor?.getSnapshot().context.disconnect === flooding;
  }

  get isPeerThere(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** How long a drain would have to spare it no longer: no data for this long, ms; 0 while something is under way. */
  quietMs(now: number): number {
    return this.#socket.isBusy ? 0 : now - this.lastDataAt;
  }

  tell(event: ConnectionEvent): void {
    if (!this.#isAlive) return;
    this.actor!.send(event);
    if (this.#isAlive) this.#arm(); // another state can have other deadlines
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

  /** Closes a new socket without starting its actor: nothing is registered, and no entry is changed. */
  refuse(disconnect: Disconnect): void {
    this.#socket.close(disconnect.code, disconnect.reason);
    this.#ports.metrics.closed(disconnect);
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
    return namedDeadlines(this, this.#is('active'), this.#ports.settings);
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
  look(now: number): number {
    if (!this.#isAlive) return Infinity;
    const { settings } = this.#ports;
    if (now >= this.overdueAt) {
      this.overdueAt = Infinity;
      this.tell({ type: 'peer.overdue' });
    }
    if (now >= this.lastSeenAt + settings.pongTimeoutMs) this.tell({ type: 'peer.silent' });
    if (now >= this.tokenExpiresAt) {
      this.tokenExpiresAt = Infinity;
      this.tell({ type: 'token.expired' });
    }
    if (now > this.slowAt + lateLookMs) this.slowAt = now + slowReaderMs;
    if (now >= this.slowAt) this.tell({ type: 'reader.slow' });
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

  welcome(registered: boolean): void {
    const { deviceId, traceId } = this;
    const { podId, pingIntervalMs } = this.#ports.settings;
    this.#socket.welcome(() => ({ deviceId, traceId, podId, registered, pingIntervalMs }));
  }

  askToLeave({ reason }: Disconnect): void {
    const reconnectAfterMs = drawReconnect(Math.min(this.#ports.settings.reconnectSpreadMs, leaveTimeoutMs / 2));
    this.#socket.goaway({ reason, reconnectAfterMs });
    this.overdueAt = this.#ports.clock.now() + leaveTimeoutMs;
  }

  unregister(): void {
    this.refreshAt = Infinity;
    this.#ports.keeper.forget(this);
    this.lease.release();
  }

  settleAcks(): void {
    this.overdueAt = Math.min(this.overdueAt, this.#ports.clock.now() + settleTimeoutMs); // no longer than it had to leave
    this.#socket.settleAcks();
  }

  closeSocket(disconnect: Disconnect): void {
    this.pingAt = Infinity;
    if (this.#socket.readyState === WebSocket.CLOSED) return this.tell({ type: 'socket.closed', disconnect });
    this.overdueAt = this.#ports.clock.now() + closeTimeoutMs;
    this.#socket.close(disconnect.code, closeReason(disconnect, this.#ports.settings.reconnectSpreadMs));
    if (disconnect.abrupt) this.#socket.terminate();
  }

  terminateSocket(): void {
    this.#socket.terminate();
  }

  moved(move: Move): void {
    this.#lastMove = move;
    this.movedAt = this.#ports.clock.now();
    this.#ports.traffic.moved(move);
  }

  ended(disconnect: Disconnect): void {
    const { keeper, traffic, metrics, logLife, clockwork } = this.#ports;
    clockwork.disarm(this);
    keeper.end(this);
    if (this.#lastMove) traffic.ended(this.#lastMove);
    metrics.closed(disconnect);
    logLife(this, disconnect);
  }

  crashed(error: unknown): void {
    const { keeper, traffic, metrics, log, clockwork } = this.#ports;
    clockwork.disarm(this);
    log.error({ err: error, deviceId: this.deviceId, traceId: this.traceId }, 'connection crashed');
    keeper.forget(this);
    keeper.end(this);
    if (this.#lastMove) traffic.ended(this.#lastMove);
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
    this.tell({ type: `registry.${outcome}` });
  }

  async #ask(): Promise<boolean> {
    const { clock } = this.#ports;
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
    this.#ports.clockwork.arm(this, this.#nextDeadline());
  }

  #nextDeadline(): number {
    return nextDeadline(this, this.#is('active'), this.#ports.settings);
  }

  get #isAlive(): boolean {
    return this.actor?.getSnapshot().status === 'active';
  }

  #is(tag: ConnectionTag): boolean {
    return this.actor?.getSnapshot().hasTag(tag) === true;
  }

  noteBehind(): void {
    this.slowAt = Math.min(this.slowAt, this.#ports.clock.now() + slowReaderMs);
    this.#arm();
  }

  noteCaughtUp(): void {
    this.slowAt = Infinity;
  }

  noteSeen(): void {
    this.lastSeenAt = this.#ports.clock.now();
    this.#onSeen?.();
  }

  /** Data came or went. The hot path: two plain writes, and the actor hears of it only when the state changes. */
  noteData(): void {
    this.lastDataAt = this.#ports.clock.now();
    this.lastSeenAt = this.lastDataAt;
    if (this.#is('idle')) this.tell({ type: 'connection.active' });
  }
}
