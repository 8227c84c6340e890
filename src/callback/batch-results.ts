import type { ServerResponse } from 'node:http';
import type { BatchLine, Outcome } from './batch-line.ts';

export interface DeliveryInit {
  /** Null when the line does not say. */
  deviceId: string | null;
  /** Undefined when the line was refused. */
  batchLine?: BatchLine;
  /** Why nothing will be sent. */
  refusal?: Outcome | undefined;
  /** Which line was refused, from 1. */
  lineNumber?: number;
  /** What it keeps in memory, about. */
  bytes: number;
  /** When it was taken, ms on the pod's clock. */
  startedAt: number;
}

/** One device of one line, until its result is out. */
export class Delivery {
  readonly deviceId: string | null;
  readonly batchLine: BatchLine | undefined;
  readonly refusal: Outcome | undefined;
  readonly bytes: number;
  readonly startedAt: number;
  outcome: Outcome | undefined;
  readonly #lineNumber: number | undefined;
  readonly #onSettled: (delivery: Delivery, label: string) => void;

  constructor(init: DeliveryInit, onSettled: (delivery: Delivery, label: string) => void) {
    this.deviceId = init.deviceId;
    this.batchLine = init.batchLine;
    this.refusal = init.refusal;
    this.bytes = init.bytes;
    this.startedAt = init.startedAt;
    this.#lineNumber = init.lineNumber;
    this.#onSettled = onSettled;
  }

  /** The first outcome counts. `label` is what the metrics call it. */
  settle({ status, code }: Outcome, label = code ?? 'delivered'): void {
    if (this.outcome) return;
    this.outcome = code === undefined ? { status } : { status, code };
    this.#onSettled(this, label);
  }

  /** The hot path: JSON leaves every character of a good id as it is. */
  toLine(): string {
    if (this.outcome!.status === 200) return `{"deviceId":"${this.deviceId}","status":200}\n`;
    return `${JSON.stringify({ deviceId: this.deviceId, ...this.outcome, line: this.#lineNumber })}\n`;
  }
}

/** Deliveries whose results are not out yet, and what their lines keep in memory, bytes: with so many no more are taken. */
const maxPending = 256;
const maxPendingBytes = 1024 * 1024;

/** The answer of a batch: one line for each delivery in the order in which they were taken, as soon as all before it are settled. */
export class Results {
  readonly #response: ServerResponse;
  readonly #onWritten: () => void;
  #pending: Delivery[] = [];
  #bytes = 0;
  #isWriteDue = false;

  /** `onWritten`: some are out, or the caller reads on. */
  constructor(response: ServerResponse, onWritten: () => void) {
    this.#response = response;
    this.#onWritten = onWritten;
    response.on('drain', this.#write);
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get isFull(): boolean {
    return this.#pending.length >= maxPending || this.#bytes >= maxPendingBytes;
  }

  /** The next result to write is not there yet. */
  get waitsForDevices(): boolean {
    const [next] = this.#pending;
    return next !== undefined && !next.outcome;
  }

  add(delivery: Delivery): void {
    this.#pending.push(delivery);
    this.#bytes += delivery.bytes;
  }

  /** A delivery is settled. All that settle in one turn of the event loop are written at once. */
  settled(): void {
    if (this.#isWriteDue) return;
    this.#isWriteDue = true;
    setImmediate(this.#write);
  }

  readonly #write = (): void => {
    this.#isWriteDue = false;
    if (this.#response.writableNeedDrain) return;
    let text = '';
    let count = 0;
    for (const delivery of this.#pending) {
      if (!delivery.outcome) break;
      text += delivery.toLine();
      this.#bytes -= delivery.bytes;
      count += 1;
    }
    this.#pending = this.#pending.slice(count);
    if (count > 0) this.#response.write(text);
    this.#onWritten();
  };
}
