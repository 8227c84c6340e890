import type { ClientRequest, IncomingMessage } from 'node:http';
import { Lines, maxResultBytes, tooLong } from '@ws-connect/callback-client/internal/batch-lines';
import type { PodExchange } from '@ws-connect/callback-client/internal/pod-exchange';
import type { Outcome } from './batch-order.ts';
import type { Delivery } from './batch-results.ts';

/** How long the answer may take to end once nothing of it is owed any more, ms. */
const endWithinMs = 5000;

/** The part of a batch that goes to one other pod: one request, whose results come back in the order of its lines. */
export class Relay {
  readonly #outgoing: ClientRequest;
  readonly #onBroken: (cause: unknown) => Outcome;
  readonly #results = new Lines(maxResultBytes);
  /** In the order of the results to come. */
  #owed: Delivery[] = [];
  #isOver = false;
  /** Ms on the pod's clock. */
  lastUsedAt = 0;

  /** `onBroken` says what becomes of those whose results are still owed when it breaks. */
  constructor(exchange: PodExchange, onBroken: (cause: unknown) => Outcome) {
    this.#outgoing = exchange.outgoing;
    this.#onBroken = onBroken;
    this.#outgoing.on('error', (error) => this.#break(error)); // more than one may come
    exchange.onAnswer((response) => this.#read(response));
  }

  /** Nothing can be sent with it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** When the result that it owes the longest was asked for; Infinity when it owes none. */
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

  /** Gives up on what it owes. */
  destroy(cause: Error): void {
    this.#break(cause);
  }

  /** Nobody waits for what it owes. */
  abandon(): void {
    this.#owed = [];
    this.#break(undefined);
  }

  #read(response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) return this.#break(new Error(`answered with ${statusCode}`));
    response.on('data', (chunk: Buffer) => {
      for (const line of this.#results.take(chunk)) this.#hear(line === tooLong ? '' : line.toString('utf8'));
      if (this.#results.isTooLong) this.#break(new Error('a result without an end'));
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
    this.#break(new Error(`not a result that was asked for: ${line.slice(0, 200)}`));
  }

  /** Nobody else looks after a request whose lines are all answered. */
  #expectEnd(): void {
    if (!this.#isOver || this.#owed.length > 0) return;
    const timer = setTimeout(() => this.#break(new Error('the answer has no end')), endWithinMs).unref();
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
    return undefined; // it breaks the request off
  }
}
