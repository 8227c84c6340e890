import type { IncomingMessage, ServerResponse } from 'node:http';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import type { Line } from '@ws-connect/callback-client/internal/batch-lines';
import { Lines } from '@ws-connect/callback-client/internal/batch-lines';
import type { Clock } from '../clock.ts';
import { repeat } from '../clock.ts';
import type { Connections } from '../device/connections.ts';
import { DeviceSocket } from '../device/socket.ts';
import { BodyReader } from '../http/body.ts';
import { Problem } from '../http/problem.ts';
import { refusalFor } from '../http/problems.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Entry } from '../registry/registry.ts';
import type { OrderSettings } from './batch-order.ts';
import { isBlank, readOrder } from './batch-order.ts';
import type { Outbound, Relays } from './batch-relays.ts';
import { Delivery, Results } from './batch-results.ts';
import { deliver } from './deliver.ts';
import type { Owner, Owners } from './owners.ts';
import { notConnected } from './owners.ts';

export interface BatchOptions {
  request: IncomingMessage;
  response: ServerResponse;
  connections: Connections;
  owners: Owners;
  relays: Relays;
  settings: OrderSettings;
  /** Another pod has sent it on. */
  wasForwarded: boolean;
  /** The pod is closing: no more lines are taken. */
  closing: AbortSignal;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
  /** Called before anything known of a connection is trusted. */
  checkFreeze: () => void;
}

/** How long a caller may neither send nor read, ms. */
const idleMs = 30_000;
const tickMs = 1000;

const badDeviceId = refusalFor('bad-device-id');
const internalError = refusalFor('internal-error');

/**
 * One batch from its first line to its last result. No more lines are read than results can be written, so what it keeps in memory
 * is bounded however long it is. The deliveries to one device begin in the order of their lines.
 */
export class Batch {
  readonly #options: BatchOptions;
  readonly #results: Results;
  readonly #lines: Lines;
  readonly #body: BodyReader;
  #lineNumber = 0;
  /** Taken, but their devices are not, or not surely, on this pod. */
  #astray: Delivery[] = [];
  /** When its caller last sent or read something, ms on the pod's clock. */
  #progressAt: number;
  #isCut = false;
  /** Goes on with what `#change` waits for. */
  #wake: () => void = () => {};

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#lines = new Lines(2 * options.settings.maxPayloadBytes);
    this.#body = new BodyReader(options.request, () => this.#wake());
    this.#progressAt = options.clock.now();
    this.#results = new Results(options.response, () => {
      this.#progressAt = options.clock.now();
      this.#wake();
    });
  }

  /** Resolves once the last result is out, or the caller has gone. */
  async run(): Promise<void> {
    const { request, response, clock, closing, relays } = this.#options;
    const wake = () => this.#wake();
    const endTicks = repeat(
      clock,
      () => tickMs,
      async () => this.#tick(),
    );
    closing.addEventListener('abort', wake);
    request.once('end', wake);
    response.once('finish', wake).once('close', () => this.#cut());
    try {
      await this.#takeAll();
      relays.end();
      await this.#until(() => this.#results.isEmpty);
      response.end();
      await this.#until(() => response.writableFinished);
    } finally {
      endTicks();
      this.#body.discard();
      closing.removeEventListener('abort', wake);
    }
  }

  async #takeAll(): Promise<void> {
    for (let chunk = await this.#read(); chunk; chunk = await this.#read()) {
      await this.#take(this.#lines.take(chunk));
    }
    if (this.#options.request.readableEnded) await this.#take(this.#lines.rest());
  }

  /** What has come; undefined once no more will, or is wanted. */
  async #read(): Promise<Buffer | undefined> {
    const { request, closing, clock } = this.#options;
    let chunk: Buffer | undefined;
    await this.#until(() => {
      if (closing.aborted) return true;
      chunk = this.#body.take();
      return chunk !== undefined || request.readableEnded;
    });
    this.#progressAt = clock.now();
    return chunk;
  }

  async #take(lines: Iterable<Line>): Promise<void> {
    this.#options.checkFreeze();
    for (const line of lines) {
      for (const delivery of this.#deliveriesOf(line)) {
        if (this.#results.isFull) await this.#makeRoom();
        if (this.#isCut) return;
        this.#begin(delivery);
      }
    }
    await this.#findAstray();
  }

  async #makeRoom(): Promise<void> {
    await this.#findAstray();
    await this.#until(() => !this.#results.isFull);
    this.#options.checkFreeze();
  }

  *#deliveriesOf(line: Line): Generator<Delivery> {
    this.#lineNumber += 1;
    if (isBlank(line)) return;
    const startedAt = this.#options.clock.now();
    const order = readOrder(line, this.#options.settings);
    if ('refusal' in order) {
      yield new Delivery({ ...order, lineNumber: this.#lineNumber, bytes: 0, startedAt }, this.#settled);
      return;
    }
    let bytes = order.line.length;
    for (const deviceId of order.deviceIds) {
      const refusal = deviceId !== null && isDeviceId(deviceId) ? undefined : badDeviceId;
      yield new Delivery({ deviceId, order, refusal, bytes, startedAt }, this.#settled);
      bytes = 0; // the line is there but once
    }
  }

  #begin(delivery: Delivery): void {
    this.#results.add(delivery);
    if (delivery.refusal) return delivery.settle(delivery.refusal);
    const socket = this.#options.connections.get(delivery.deviceId!);
    if (socket?.isTrusted) this.#deliver(delivery, socket);
    else this.#astray.push(delivery);
  }

  #deliver(delivery: Delivery, socket: DeviceSocket): void {
    deliver(socket, delivery.order!.message).then(
      (outcome) => (outcome instanceof Problem ? delivery.settle(outcome) : delivery.settle({ status: 200 }, outcome)),
      (error: unknown) => {
        this.#options.log.error({ err: error }, 'a delivery of a batch failed');
        delivery.settle(internalError);
      },
    );
  }

  /** Asks the registry for all at once. Nothing else is begun meanwhile, so that the order stays. */
  async #findAstray(): Promise<void> {
    if (this.#astray.length === 0) return;
    const { owners, relays, clock } = this.#options;
    const astray = this.#astray;
    this.#astray = [];
    const entries = await owners.lookUp(astray.map(({ deviceId }) => deviceId!));
    if (this.#isCut) return; // nobody would end a request to another pod that is begun now
    const outbound: Outbound[] = [];
    for (const [index, delivery] of astray.entries()) {
      const place = this.#placeOf(delivery.deviceId!, entries[index]);
      if (place instanceof Problem) delivery.settle(place);
      else if (place instanceof DeviceSocket) this.#deliver(delivery, place);
      else outbound.push({ delivery, owner: place });
    }
    relays.send(outbound, clock.now());
  }

  /** Where the device is; or why nobody can say, or be asked. A connection in doubt counts unless the registry knows another. */
  #placeOf(deviceId: string, entry: Entry | Problem | undefined): DeviceSocket | Owner | Problem {
    const { connections, owners, wasForwarded } = this.#options;
    const socket = connections.get(deviceId);
    if (socket?.isTrusted) return socket;
    if (entry instanceof Problem) return entry;
    if (socket && (!entry || entry.traceId === socket.traceId)) return socket;
    const owner = owners.otherPod(entry);
    return owner ? (owners.objection(owner, wasForwarded) ?? owner) : notConnected();
  }

  readonly #settled = ({ startedAt }: Delivery, label: string): void => {
    const { metrics, clock } = this.#options;
    metrics.callback(label, clock.now() - startedAt);
    this.#results.settled();
  };

  #tick(): void {
    const { relays, clock, response, log } = this.#options;
    const now = clock.now();
    relays.check(now);
    if (this.#results.waitsForDevices) this.#progressAt = now;
    if (now - this.#progressAt < idleMs) return;
    log.warn({ line: this.#lineNumber }, 'a batch was cut: its caller neither sends nor reads');
    response.destroy();
  }

  #cut(): void {
    this.#isCut = true;
    if (!this.#options.response.writableFinished) this.#options.relays.abandon();
    this.#wake();
  }

  /** Resolves once it is so, or the caller has gone. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!this.#isCut && !isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
