import type { Channel } from 'node:diagnostics_channel';
import { channel } from 'node:diagnostics_channel';

/** One of Node's diagnostics channels whose messages have one type. */
export type TypedChannel<T> = Pick<Channel, 'hasSubscribers'> & {
  publish(message: T): void;
  subscribe(listener: (message: T) => void): void;
};

/**
 * The channel `ws-connect:NAME`. To publish costs nothing while nobody has subscribed; ask `hasSubscribers` first where making the
 * message costs something. A subscriber must not throw.
 */
export function typedChannel<T>(name: string): TypedChannel<T> {
  return channel(`ws-connect:${name}`) as TypedChannel<T>;
}
