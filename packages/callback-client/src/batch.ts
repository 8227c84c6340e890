import type { PodClient } from './internal/pod-client.ts';
import { PodError } from './internal/pod-exchange.ts';
import type { BatchStreamOptions } from './batch-stream.ts';
import { BatchStream } from './batch-stream.ts';
import type { Delivery } from './courier.ts';
import type { Message } from './message.ts';
import { lineOf } from './message.ts';
import type { Token } from './options.ts';
import type { Post } from './post.ts';
import { currentToken } from './post.ts';
import type { Pod } from './route.ts';

export interface BatchOptions extends BatchStreamOptions {
  client: PodClient;
  token: Token | undefined;
}

/** The requests of one batch, one to each pod, and the order in which messages are put into them. */
export class Batch {
  readonly #options: BatchOptions;
  readonly #streams = new Map<string, BatchStream>();
  /** Resolves when all messages so far are in a request, or will be in none. */
  #placed: Promise<void> = Promise.resolve();

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /** How the next message is tried first: in turn, so that those of one device stay in order. */
  next(): NonNullable<Delivery['first']> {
    const before = this.#placed;
    let over = (): void => {};
    const isOver = new Promise<void>((resolve) => {
      over = resolve;
    });
    this.#placed = before.then(() => isOver);
    const post: Post = async (pod, message, deadline) => {
      await before;
      if (deadline.end) throw new PodError('unsent', deadline.end);
      const answered = await this.#append(pod, message).finally(over);
      return { answer: await deadline.race(answered()).catch(orTimedOut), owner: undefined };
    };
    return { post, over };
  }

  /** No more messages come: what is in the requests is still answered. */
  async end(): Promise<void> {
    await this.#placed;
    for (const stream of this.#streams.values()) if (stream.isOpen) stream.end();
  }

  /** Gives up what is not answered. */
  giveUp(): void {
    for (const stream of this.#streams.values()) stream.giveUp();
  }

  async #append(pod: Pod, message: Message): Promise<() => ReturnType<BatchStream['append']>> {
    const stream = await this.#streamTo(pod);
    const answer = stream.append(message.deviceId, lineOf(message));
    answer.catch(() => {}); // its message may have been given up
    return () => answer;
  }

  /** The open request to the pod, else a new one once the last is over: two at once would mix the messages up. */
  async #streamTo({ name, address, port, podId }: Pod): Promise<BatchStream> {
    const current = this.#streams.get(name);
    if (current?.isOpen) return current;
    await current?.finished;
    const { client, token, ...options } = this.#options;
    const to = { address, port, podId, token: await currentToken(token) };
    const headers = { 'Content-Type': 'application/x-ndjson' };
    const stream = new BatchStream(client.open({ ...to, method: 'POST', path: '/callback', headers }), options);
    this.#streams.set(name, stream);
    return stream;
  }
}

function orTimedOut(error: unknown): never {
  throw error instanceof PodError ? error : new PodError('timed-out', error);
}
