import type { Channel } from 'node:diagnostics_channel';
import { channel } from 'node:diagnostics_channel';

/** One of Node's diagnostics channels, `ws-connect:NAME`, whose messages have one type. */
export class TypedChannel<T> {
  readonly #channel: Channel;

  constructor(name: string) {
    this.#channel = channel(`ws-connect:${name}`);
  }

  /** Ask before a message is made that costs something. */
  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  /** Calls every subscriber before it returns. */
  publish(message: T): void {
    this.#channel.publish(message);
  }

  /** Returns what ends the subscription. `listener` must not throw. */
  subscribe(listener: (message: T) => void): () => void {
    const listen = (message: unknown) => listener(message as T);
    this.#channel.subscribe(listen);
    return () => {
      this.#channel.unsubscribe(listen);
    };
  }
}
