import type { Message } from './frames.ts';
import type { Link } from './link.ts';

/** Ids that are remembered. A copy of a message comes within seconds, when a service retries or two connections overlap. */
const capacity = 1000;

/** Gives each message to the app once, whatever the link and however often it comes, and acknowledges every copy. */
export class Inbox {
  /** True: handled. Links: those that wait for the answer, one a copy. */
  readonly #known = new Map<string, true | Link[]>();
  readonly #handle: (message: Message) => Promise<boolean>;

  /** `handle` resolves with whether the message was handled, and does not reject. */
  constructor(handle: (message: Message) => Promise<boolean>) {
    this.#handle = handle;
  }

  receive(link: Link, message: Message, wantsAck: boolean): void {
    const { id } = message;
    const known = this.#known.get(id);
    const waiting = Array.isArray(known) ? known : [];
    if (wantsAck) {
      link.awaitAnswer();
      if (known === true) link.answer(id, true);
      else waiting.push(link);
    }
    if (known === undefined) void this.#take(message, waiting);
  }

  async #take(message: Message, waiting: Link[]): Promise<void> {
    const { id } = message;
    this.#known.set(id, waiting);
    if (this.#known.size > capacity) this.#known.delete(this.#known.keys().next().value!);
    const isGood = await this.#handle(message);
    if (this.#known.get(id) === waiting) {
      if (isGood) this.#known.set(id, true);
      else this.#known.delete(id); // it may come again, and then be handled
    }
    for (const link of waiting) link.answer(id, isGood);
  }
}
