import type { IncomingMessage } from 'node:http';
import { Lines, maxResultBytes, tooLong } from './internal/batch-lines.ts';
import { collectAnswer } from './internal/pod-client.ts';
import type { PodError, PodExchange } from './internal/pod-exchange.ts';
import { parseObject, readAnswer, readMembers } from './post.ts';
import type { Answer } from './verdict.ts';

export interface BatchStreamOptions {
  /** How long the pod may be silent while it owes answers, ms. */
  silentMs: number;
  /** How long lines are added to one request, ms: servers want the whole of a request within a time. */
  maxAgeMs: number;
}

interface Waiting {
  deviceId: string;
  resolve: (answer: Answer) => void;
  reject: (error: PodError) => void;
}

/** One `POST /callback` with a line for each message, answered by a line for each in the same order, while lines are still added. */
export class BatchStream {
  /** Resolves when no more answers come. */
  readonly finished: Promise<void>;
  readonly #exchange: PodExchange;
  readonly #waiting: Waiting[] = [];
  readonly #silence: NodeJS.Timeout;
  readonly #age: NodeJS.Timeout;
  readonly #lines = new Lines(maxResultBytes);
  #isOpen = true;
  /** Resolves when a refusal of the whole is read. */
  #refusal: Promise<void> | undefined;
  #finish: () => void = () => {};

  constructor(exchange: PodExchange, { silentMs, maxAgeMs }: BatchStreamOptions) {
    const { outgoing } = exchange;
    this.#exchange = exchange;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#silence = setTimeout(() => this.#expire(), silentMs);
    this.#age = setTimeout(() => this.end(), maxAgeMs);
    outgoing.on('error', (error) => this.#fail(error));
    outgoing.once('close', () => void this.#close());
    exchange.onAnswer((response) => this.#read(response));
    outgoing.flushHeaders();
  }

  /** May lines still be added? */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Adds a line, and resolves with its answer. Rejects with a PodError when none comes. */
  append(deviceId: string, line: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#silence.refresh();
      this.#waiting.push({ deviceId, resolve, reject });
      this.#exchange.outgoing.write(line);
    });
  }

  /** No more lines are added. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#age);
    this.#exchange.outgoing.end();
    this.#silence.refresh();
  }

  /** Breaks off unless everything is answered and it was ended. */
  giveUp(): void {
    if (this.#isOpen || this.#waiting.length > 0) this.#breakOff();
  }

  #breakOff(): void {
    this.#exchange.destroy(new Error('the request was cancelled'));
  }

  /** The pod owes answers, or the end of all answers. */
  #expire(): void {
    if (this.#waiting.length > 0 || !this.#isOpen) this.#exchange.expire();
  }

  #read(response: IncomingMessage): void {
    response.on('error', (error) => this.#fail(error));
    if (response.statusCode !== 200) {
      this.#refusal = this.#refuse(response).catch((error: Error) => {
        this.#fail(error);
        this.#breakOff(); // the rest of the answer may never end
      });
      return;
    }
    response.on('data', (chunk: Buffer) => this.#take(chunk));
    response.once('end', () => {
      if (this.#waiting.length > 0) this.#breakOff();
      else this.end(); // the pod takes no more
    });
  }

  #take(chunk: Buffer): void {
    for (const line of this.#lines.take(chunk)) {
      const isAnswer = line !== tooLong && this.#answer(parseObject(line.toString()));
      if (!isAnswer) return this.#breakOff(); // whose answer is whose is not known any more
    }
    if (this.#lines.isTooLong) this.#breakOff();
  }

  /** False: it is none that was asked for. */
  #answer(json: Record<string, unknown>): boolean {
    const [next] = this.#waiting;
    const { deviceId, status } = json;
    const isNext = deviceId === next?.deviceId || (deviceId === null && status !== 200); // of a line it could not read it has no name
    if (!next || !isNext || typeof status !== 'number') return false;
    this.#waiting.shift();
    this.#silence.refresh();
    next.resolve({ status, ...readMembers(json) });
    return true;
  }

  /** The request as a whole was turned down: nothing of it was delivered. */
  async #refuse(response: IncomingMessage): Promise<void> {
    const answer = readAnswer(await collectAnswer(response));
    for (const { resolve } of this.#waiting.splice(0)) resolve(answer);
    this.end();
  }

  async #close(): Promise<void> {
    await this.#refusal;
    this.#fail(new Error('the connection ended'));
  }

  #fail(cause: Error): void {
    this.#isOpen = false;
    clearTimeout(this.#age);
    clearTimeout(this.#silence);
    const error = this.#exchange.failed(cause);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#finish();
  }
}
