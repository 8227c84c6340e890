import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Outcome } from './batch-line.ts';
import { Lines, maxResultBytes, tooLong } from '@ws-connect/callback-client/internal/batch-lines';
import type { PodExchange } from '@ws-connect/callback-client/internal/pod-exchange';
import type { Delivery } from './batch-results.ts';

/** How long the answer has time to end after its last result, ms. */
const endWithinMs = 5000;

/** The part of a batch that goes to one other pod: one request, whose results come back in the order of its lines. */
export class Relay {
  readonly #outgoing: ClientRequest;
  readonly #onBroken: (cause: unknown) => Outcome;
  readonly #results = new Lines(maxResultBytes);
  /** The deliveries without a result, in the order of the results. */
  #owed: Delivery[] = [];
  #isOver = false;
  /** Time of the last line, ms on the pod's clock. */
  lastUsedAt = 0;

  /** `onBroken` returns the outcome of the deliveries that have no result when the request breaks. */
  constructor(exchange: PodExchange, onBroken: (cause: unknown) => Outcome) {
    this.#outgoing = exchange.outgoing;
    this.#onBroken = onBroken;
    this.#outgoing.on('error', (error) => this.#break(error)); // there can be more than one error
    exchange.onAnswer((response) => this.#read(response));
  }

  /** True if no more lines can be sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** When the oldest line without a result was sent, ms on the pod's clock. Infinity if there is none. */
  get owesSince(): number {
    return this.#owed[0]?.startedAt ?? Infinity;
  }

  send(lines: readonly Buffer[], deliveries: readonly Delivery[]): void {
    this.#owed.push(...deliveries);
    this.#outgoing.write(Buffer.concat(lines.flatMap((line) => [line, lineEnd])));
  }

  /** No more lines come. */
  end(): void {
    this.#isOver = true;
    this.#outgoing.end();
    this.#expectEnd();
  }

  /** Ends the request. Deliveries without a result get the outcome of `onBroken`. */
  destroy(cause: Error): void {
    this.#break(cause);
  }

  /** Ends the request without results, because the client of the batch has gone. */
  abandon(): void {
    this.#owed = [];
    this.#break(undefined);
  }

  #read(response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) return this.#break(new Error(`the pod answered with status ${statusCode}`));
    response.on('data', (chunk: Buffer) => {
      for (const line of this.#results.take(chunk)) this.#hear(line === tooLong ? '' : line.toString('utf8'));
      if (this.#results.isTooLong) this.#break(new Error('the answer has a line that is too long'));
    });
    response.on('error', (error) => this.#break(error));
    response.once('end', () => {
      if (!this.#isOver || this.#owed.length > 0) this.#break(new Error('the answer ended early'));
    });
  }

  #hear(line: string): void {
    const result = parseResult(line);
    const [next] = this.#owed;
    if (next && result?.deviceId === next.deviceId) {
      this.#owed.shift();
      next.settle(result.outcome, 'forwarded');
      return this.#expectEnd();
    }
    this.#break(new Error(`unexpected line in the answer: ${line.slice(0, 200)}`));
  }

  /** Cuts the request if its answer does not end soon after the last result. Nothing else watches it then. */
  #expectEnd(): void {
    if (!this.#isOver || this.#owed.length > 0) return;
    const timer = setTimeout(() => this.#break(new Error('the answer did not end in time')), endWithinMs).unref();
    this.#outgoing.once('close', () => clearTimeout(timer));
  }

  #break(cause: unknown): void {
    this.#isOver = true;
    this.#outgoing.destroy();
    const owed = this.#owed.splice(0);
    if (owed.length === 0) return;
    const outcome = this.#onBroken(cause);
    for (const delivery of owed) delivery.settle(outcome);
  }
}

const lineEnd = Buffer.from('\n');

function parseResult(line: string): { deviceId: unknown; outcome: Outcome } | undefined {
  try {
    const { deviceId, status, code } = JSON.parse(line) as Record<string, unknown>;
    const isOne = typeof status === 'number' && status >= 200 && status <= 599;
    return isOne ? { deviceId, outcome: typeof code === 'string' ? { status, code } : { status } } : undefined;
  } catch {
    return undefined; // the caller ends the request
  }
}
