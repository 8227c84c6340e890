import type { InspectionEvent, Observer } from 'xstate';
import { restarting } from '../../machines/disconnect.ts';
import type { Clockwork } from '../base/clockwork.ts';
import type { Accepted, Connections } from '../connections/connections.ts';
import { createAccept } from '../connections/connections.ts';
import type { Contest } from '../device/contest.ts';
import { createContest } from '../device/contest.ts';
import { createLogger } from '../observe/log.ts';
import { MemoryRegistry } from '../registry/memory.ts';
import type { Registry } from '../registry/registry.ts';
import { ConnectedDevice } from './connected-device.ts';
import { createDeviceSide, testLeaseTtlMs } from './device-side.ts';
import { RecorderSocket } from './recorder-socket.ts';
import { SteppedClock } from './stepped-clock.ts';
import type { TestDevice } from './test-device.ts';

export interface TestPodOptions {
  /** By default one in memory. Two pods with the same one are two pods of one fleet, but that neither tells the other anything. */
  registry?: Registry;
  /** By default one of its own. Pods may share one. */
  clock?: SteppedClock;
  /** IDLE_AFTER_MS; 3000. */
  idleAfterMs?: number;
  /** PING_INTERVAL_MS; 25000. */
  pingIntervalMs?: number;
  /** PONG_TIMEOUT_MS; 60000. */
  pongTimeoutMs?: number;
  /** Is told what xstate tells an inspector: of the supervisor of the connections, which is the root, and of each of them. */
  inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void);
}

export interface ConnectOptions {
  /** What the device speaks: `ws-connect.plain`, the default, or `ws-connect.v1`. */
  subprotocol?: 'ws-connect.plain' | 'ws-connect.v1';
  /** In how many ms its token expires; by default it has none. */
  tokenExpiresInMs?: number;
}

/** A message of a service. */
export interface TestMessage {
  body: string | Buffer;
  /** By default `text/plain`. */
  contentType?: string;
  /** By default `message-1`. */
  id?: string;
  /** Wait for the device to acknowledge it, this long. Resolves only as the time of the pod passes. */
  ackWithinMs?: number;
}

/**
 * The connections of one pod as the program runs them, with a clock that goes when it is told to, the registry in memory, and
 * sockets that are written down instead of sent. No port is opened, and no time is lost.
 */
export class TestPod {
  readonly clock: SteppedClock;
  readonly registry: Registry;
  readonly #connections: Connections;
  readonly #clockwork: Clockwork;
  readonly #contest: Contest;
  readonly #accept: (accepted: Accepted) => void;

  constructor({ clock = new SteppedClock(), registry, inspect, ...settings }: TestPodOptions = {}) {
    this.clock = clock;
    this.registry = registry ?? new MemoryRegistry(clock, testLeaseTtlMs);
    const log = createLogger('silent');
    const { connections, context } = createDeviceSide({
      clock,
      registry: this.registry,
      metrics: { closed: () => {} },
      log,
      settings,
      inspect,
    });
    this.#connections = connections;
    this.#clockwork = context.clockwork;
    this.#contest = createContest(connections, clock, async () => true);
    this.#accept = createAccept(connections, context);
    this.#clockwork.start();
  }

  /** Resolves once the registry has had the time to answer. Throws when the pod will not have the device (close code 4429). */
  async connect(deviceId: string, options: ConnectOptions = {}): Promise<TestDevice> {
    const { subprotocol = 'ws-connect.plain', tokenExpiresInMs = Infinity } = options;
    const socket = new RecorderSocket(subprotocol);
    const tokenExpiresAt = this.clock.now() + tokenExpiresInMs;
    const isContended = (await this.#contest(deviceId)) === false;
    this.#accept({ deviceId, socket, stream: socket.transport, tokenExpiresAt, isContended });
    if (socket.closedWith) throw new Error(`${deviceId} was refused: ${socket.closedWith.reason}`);
    const device = new ConnectedDevice(this.#connections.get(deviceId)!, socket);
    await this.clock.settle();
    return device;
  }

  /** Lets this many ms pass for this pod, and all that falls due in them happen. */
  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  /** Sends a message as a callback does. Resolves with `delivered`, `acked`, or what went wrong: `gone`, `ack-timeout`, `no-ack`, … */
  async deliver(deviceId: string, message: TestMessage): Promise<string> {
    const { body, contentType = 'text/plain', id = 'message-1', ackWithinMs } = message;
    const connection = this.#connections.get(deviceId);
    if (!connection) return 'not-connected';
    return connection.deliver({ body: Buffer.from(body), contentType, id, ackWithinMs, traceparent: undefined });
  }

  /** Asks every device to go elsewhere, as the end of a drain does. */
  async drain(): Promise<void> {
    for (const connection of this.#connections.all()) connection.leave(restarting);
    await this.clock.settle();
  }

  /** The traceId of the connection that the registry has for this device. */
  async lookUp(deviceId: string): Promise<string | undefined> {
    const [entry] = await this.registry.lookup([deviceId]);
    return entry && 'traceId' in entry ? entry.traceId : undefined;
  }
}
