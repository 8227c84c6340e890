import type { ServerResponse } from 'node:http';
import type { BatchLine, Outcome } from './batch-line.ts';

export interface DeliveryInit {
  /** Null if the line has no readable deviceId. */
  deviceId: string | null;
  /** Undefined when the line was refused. */
  batchLine?: BatchLine;
  /** Why nothing will be sent. */
  refusal?: Outcome | undefined;
  /** Number of the refused line, from 1. */
  lineNumber?: number;
  /** About how much memory it uses, bytes. */
  bytes: number;
  /** When the line was read, ms on the pod's clock. */
  startedAt: number;
}

/** One device of one line, until its result is written. */
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

  /** Sets the outcome. Only the first call counts. `label` is the outcome in the metrics. */
  settle({ status, code }: Outcome, label = code ?? 'delivered'): void {
    if (this.outcome) return;
    this.outcome = code === undefined ? { status } : { status, code };
    this.#onSettled(this, label);
  }

  /** The line of the answer. This is a hot path: JSON does not escape any character of a valid deviceId. */
  toLine(): string {
    if (this.outcome!.status === 200) return `{"deviceId":"${this.deviceId}","status":200}\n`;
    return `${JSON.stringify({ deviceId: this.deviceId, ...this.outcome, line: this.#lineNumber })}\n`;
  }
}

/** No more lines are read with this many deliveries without a written result, or with this much memory for their lines (bytes). */
const maxPending = 256;
const maxPendingBytes = 1024 * 1024;

/** The answer of a batch: one line for each delivery, in the order of the input, written when all before it have an outcome. */
export class Results {
  readonly #response: ServerResponse;
  readonly #onWritten: () => void;
  #pending: Delivery[] = [];
  #bytes = 0;
  #isWriteDue = false;

  /** `onWritten` is called after results were written, and when the client reads again. */
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

  /** True if the next result is not known yet. */
  get waitsForDevices(): boolean {
    const [next] = this.#pending;
    return next !== undefined && !next.outcome;
  }

  add(delivery: Delivery): void {
    this.#pending.push(delivery);
    this.#bytes += delivery.bytes;
  }

  /** Call it when a delivery has an outcome. All outcomes of one turn of the event loop are written together. */
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
