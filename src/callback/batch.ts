import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { repeat } from '../base/clock.ts';
import type { Locate } from '../connections/locate.ts';
import { DeviceSocket } from '../connections/socket.ts';
import { isDeviceId } from '@ws-connect/callback-client/internal/device-id';
import type { Line } from '@ws-connect/callback-client/internal/batch-lines';
import { Lines } from '@ws-connect/callback-client/internal/batch-lines';
import { BodyReader } from '../http/body.ts';
import { Problem } from '../http/problem.ts';
import { refusalFor } from '../http/problems.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Entry } from '../registry/registry.ts';
import type { BatchLineSettings } from './batch-line.ts';
import { isBlank, readBatchLine } from './batch-line.ts';
import type { Outbound, Relays } from './batch-relays.ts';
import { Delivery, Results } from './batch-results.ts';
import { deliver } from './deliver.ts';
import type { Owner, Owners } from './owners.ts';
import { notConnected } from './owners.ts';

export interface BatchOptions {
  request: IncomingMessage;
  response: ServerResponse;
  locate: Locate;
  owners: Owners;
  relays: Relays;
  settings: BatchLineSettings;
  /** Another pod has sent it on. */
  wasForwarded: boolean;
  /** Aborted when the pod closes. Then no more lines are read. */
  closing: AbortSignal;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
}

/** A client that neither sends nor reads for this time is cut, ms. */
const idleMs = 30_000;
const tickMs = 1000;

const badDeviceId = refusalFor('bad-device-id');
const internalError = refusalFor('internal-error');

/**
 * One batch, from its first line to its last result. It reads only as many lines as it can write results, so its memory is bounded for
 * any length of the batch. Deliveries to one device start in the order of their lines.
 */
export class Batch {
  readonly #options: BatchOptions;
  readonly #results: Results;
  readonly #lines: Lines;
  readonly #body: BodyReader;
  #lineNumber = 0;
  /** Taken, but their devices are not, or not surely, on this pod. */
  #notLocal: Delivery[] = [];
  /** When its caller last sent or read something, ms on the pod's clock. */
  #progressAt: number;
  #isCut = false;
  /** Resolves the promise that `#until` waits for. */
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

  /** Runs the batch. Resolves after the last result was written, or when the client has gone. */
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

  /** The next bytes of the request. Undefined at its end, or when no more lines are read. */
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
    for (const line of lines) {
      for (const delivery of this.#deliveriesOf(line)) {
        if (this.#results.isFull) await this.#makeRoom();
        if (this.#isCut) return;
        this.#begin(delivery);
      }
    }
    await this.#findNotLocal();
  }

  async #makeRoom(): Promise<void> {
    await this.#findNotLocal();
    await this.#until(() => !this.#results.isFull);
  }

  *#deliveriesOf(line: Line): Generator<Delivery> {
    this.#lineNumber += 1;
    if (isBlank(line)) return;
    const startedAt = this.#options.clock.now();
    const batchLine = readBatchLine(line, this.#options.settings);
    if ('refusal' in batchLine) {
      yield new Delivery({ ...batchLine, lineNumber: this.#lineNumber, bytes: 0, startedAt }, this.#settled);
      return;
    }
    let bytes = batchLine.line.length;
    for (const deviceId of batchLine.deviceIds) {
      const refusal = deviceId !== null && isDeviceId(deviceId) ? undefined : badDeviceId;
      yield new Delivery({ deviceId, batchLine, refusal, bytes, startedAt }, this.#settled);
      bytes = 0; // the line is there but once
    }
  }

  #begin(delivery: Delivery): void {
    this.#results.add(delivery);
    if (delivery.refusal) return delivery.settle(delivery.refusal);
    const socket = this.#options.locate.verified(delivery.deviceId!);
    if (socket) this.#deliver(delivery, socket);
    else this.#notLocal.push(delivery);
  }

  #deliver(delivery: Delivery, socket: DeviceSocket): void {
    deliver(socket, delivery.batchLine!.message).then(
      (outcome) => (outcome instanceof Problem ? delivery.settle(outcome) : delivery.settle({ status: 200 }, outcome)),
      (error: unknown) => {
        this.#options.log.error({ err: error }, 'a delivery of a batch failed');
        delivery.settle(internalError);
      },
    );
  }

  /** Asks the registry for all at once. Nothing else is begun meanwhile, so that the order stays. */
  async #findNotLocal(): Promise<void> {
    if (this.#notLocal.length === 0) return;
    const { owners, relays, clock } = this.#options;
    const notLocal = this.#notLocal;
    this.#notLocal = [];
    const entries = await owners.lookUp(notLocal.map(({ deviceId }) => deviceId!));
    if (this.#isCut) return; // nobody would end a request to another pod that is begun now
    const outbound: Outbound[] = [];
    for (const [index, delivery] of notLocal.entries()) {
      const place = this.#placeOf(delivery.deviceId!, entries[index]);
      if (place instanceof Problem) delivery.settle(place);
      else if (place instanceof DeviceSocket) this.#deliver(delivery, place);
      else outbound.push({ delivery, owner: place });
    }
    relays.send(outbound, clock.now());
  }

  /** The connection or the pod of the device; or why neither is known, or the pod must not be asked. */
  #placeOf(deviceId: string, entry: Entry | Problem | undefined): DeviceSocket | Owner | Problem {
    const { locate, owners, wasForwarded } = this.#options;
    if (entry instanceof Problem) return locate.verified(deviceId) ?? entry;
    const place = locate.withEntry(deviceId, entry);
    if (place instanceof DeviceSocket) return place;
    const owner = owners.otherPod(place);
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
    log.warn({ line: this.#lineNumber }, 'a batch was ended: its client neither sends nor reads');
    response.destroy();
  }

  #cut(): void {
    this.#isCut = true;
    if (!this.#options.response.writableFinished) this.#options.relays.abandon();
    this.#wake();
  }

  /** Resolves when `isSo` is true, or when the client has gone. */
  async #until(isSo: () => boolean): Promise<void> {
    while (!this.#isCut && !isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
