import type { PodClient } from './internal/pod-client.ts';
import type { BatchSendOptions, CallbackClient } from './api.ts';
import { Batch } from './batch.ts';
import type { Breaker } from './breaker.ts';
import { checkWhole } from './checks.ts';
import { Courier } from './courier.ts';
import type { Delivery } from './courier.ts';
import { Deadline } from './deadline.ts';
import { InOrder } from './in-order.ts';
import type { BatchMessage, Body, Message, Patience, SendOptions } from './message.ts';
import { createMessage } from './message.ts';
import type { Settings } from './options.ts';
import { checkDeadline, checkReconnectWait } from './options.ts';
import type { Post } from './post.ts';
import { createPost } from './post.ts';
import type { BatchResult, SendResult } from './result.ts';
import type { Router } from './route.ts';

export interface ClientParts {
  settings: Settings;
  podClient: PodClient;
  router: Router;
  breaker: Breaker;
}

type FullPatience = Required<Omit<Patience, 'signal'>> & Pick<Patience, 'signal'>;

/** How long lines are added to one request of a batch, ms: pods want the whole of a request within 30 s. */
const batchAgeMs = 10_000;

/** Puts the parts together: a courier for each message, and a deadline. */
export class Client implements CallbackClient {
  readonly #parts: ClientParts;
  readonly #post: Post;
  readonly #underWay = new Set<Deadline>();
  #isClosed = false;

  constructor(parts: ClientParts) {
    const { podClient, settings } = parts;
    this.#parts = parts;
    this.#post = createPost(podClient, settings.token, settings.answerTimeoutMs);
  }

  async send(deviceId: string, body: Body, options: SendOptions = {}): Promise<SendResult> {
    const message = createMessage(deviceId, body, options);
    const patience = this.#patience(options, message.ackWithinMs);
    const { reconnectWaitMs } = patience;
    const result = await this.#deliver(this.#courier(this.#parts.router), patience, { message, reconnectWaitMs });
    return result as SendResult; // a single answer always names the connection
  }

  batch(
    messages: Iterable<BatchMessage> | AsyncIterable<BatchMessage>,
    options: BatchSendOptions = {},
  ): AsyncGenerator<BatchResult, void, undefined> {
    const { podClient, router, settings } = this.#parts;
    const patience = this.#patience(options);
    const atOnce = checkWhole('atOnce', options.atOnce ?? 256, 1, 1_000_000);
    const courier = this.#courier(router.forBatch());
    const batch = new Batch({
      client: podClient,
      token: settings.token,
      silentMs: settings.answerTimeoutMs,
      maxAgeMs: batchAgeMs,
    });
    const inOrder = new InOrder(messages, {
      atOnce,
      signal: options.signal,
      start: async (entry): Promise<BatchResult> => {
        const message = readMessage(entry);
        if ('outcome' in message) return message;
        const { reconnectWaitMs } = patience;
        return this.#deliver(courier, patience, { message, reconnectWaitMs, first: batch.next() });
      },
      ended: () => void batch.end(),
    });
    return toTheEnd(inOrder, batch);
  }

  close(): void {
    this.#isClosed = true;
    for (const deadline of this.#underWay) deadline.close();
    this.#parts.podClient.close();
  }

  #courier(router: Router): Courier {
    return new Courier({ router, breaker: this.#parts.breaker, post: this.#post });
  }

  #patience({ deadlineMs, reconnectWaitMs, signal }: Patience, ackWithinMs = 0): FullPatience {
    const { settings } = this.#parts;
    if (this.#isClosed) throw new Error('the callback client is closed');
    return {
      deadlineMs: deadlineMs === undefined ? settings.deadlineMs + ackWithinMs : checkDeadline(deadlineMs),
      reconnectWaitMs: checkReconnectWait(reconnectWaitMs ?? settings.reconnectWaitMs),
      signal,
    };
  }

  async #deliver(
    courier: Courier,
    { deadlineMs, signal }: FullPatience,
    delivery: Omit<Delivery, 'deadline'>,
  ): Promise<BatchResult> {
    const deadline = new Deadline(deadlineMs, signal);
    if (this.#isClosed) deadline.close();
    this.#underWay.add(deadline);
    try {
      return await courier.deliver({ ...delivery, deadline });
    } finally {
      this.#underWay.delete(deadline);
      deadline.dispose();
    }
  }
}

async function* toTheEnd(inOrder: InOrder<BatchMessage, BatchResult>, batch: Batch) {
  try {
    yield* inOrder.results();
    await batch.end();
  } finally {
    batch.giveUp();
  }
}

/** The message, or what is said of one that is malformed. */
function readMessage(entry: BatchMessage): Message | BatchResult {
  try {
    const { deviceId, body, contentType, id, idempotent } = entry;
    return createMessage(deviceId, body, { contentType, id, idempotent });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const { deviceId } = Object(entry) as { deviceId: unknown };
    const sent = { deviceId: String(deviceId), id: undefined, attempts: 0 };
    return { ...sent, outcome: 'refused', status: 400, code: 'bad-message', detail };
  }
}
