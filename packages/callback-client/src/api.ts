import type { BatchMessage, Body, Patience, SendOptions } from './message.ts';
import type { BatchResult, SendResult } from './result.ts';

export interface BatchSendOptions extends Patience {
  /** Messages under way and results not read yet, at most: what bounds the memory. Default 256. */
  atOnce?: number;
}

export interface CallbackClient {
  /**
   * Pushes a message to a device and says what became of it. What is wrong with the device, a pod or Redis is a result. Throws a
   * TypeError or RangeError for arguments that are wrong, the signal's reason, what the token function threw, or an Error once the
   * client is closed.
   */
  send(deviceId: string, body: Body, options?: SendOptions): Promise<SendResult>;
  /**
   * Pushes many messages, in one request to each pod, and yields a result for each in the order of the messages. Those of one device
   * arrive in their order too, but for those that had to be tried again. Messages are taken as fast as results are read. A malformed
   * one is a result, `refused` with the code `bad-message`. An error of `messages` is thrown after the results of those before it.
   */
  batch(
    messages: Iterable<BatchMessage> | AsyncIterable<BatchMessage>,
    options?: BatchSendOptions,
  ): AsyncGenerator<BatchResult, void, undefined>;
  /** Ends the connections. What is under way ends with the code `closed`. Redis is yours to close. */
  close(): void;
}
