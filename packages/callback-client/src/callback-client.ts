/**
 * The callback client: how a service pushes to devices.
 *
 *   const client = createCallbackClient({ redis });                                 // looks each device up, asks the pod that has it
 *   const client = createCallbackClient({ pods: ['http://ws-connect-callback:8081'] });   // asks any pod, which forwards
 *   const result = await client.send('lamp-1', { on: true }, { id: 'order-7' });
 */
import { PodClient } from './internal/pod-client.ts';
import { AnyPod, parseBases } from './any-pod.ts';
import { Breaker } from './breaker.ts';
import { Client } from './client.ts';
import type { BatchMessage, Body, Patience, SendOptions } from './message.ts';
import type { CallbackClientOptions, DirectedOptions, UndirectedOptions } from './options.ts';
import { checkLookup, checkSettings } from './options.ts';
import { Owners } from './owners.ts';
import type { BatchResult, SendResult } from './result.ts';

export type { BatchMessage, Body, MessageOptions, Patience, SendOptions } from './message.ts';
export type { CallbackClientOptions, DirectedOptions, RedisReader, Token, UndirectedOptions } from './options.ts';
export type * from './result.ts';

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

/** Throws a TypeError or RangeError that names the option that is wrong. */
export function createCallbackClient(options: CallbackClientOptions): CallbackClient {
  const { redis, pods } = options as Partial<DirectedOptions & UndirectedOptions>;
  if ((redis === undefined) === (pods === undefined)) throw new TypeError('set either redis or pods');
  const settings = checkSettings(options);
  const breaker = new Breaker(settings.breakerMs);
  const router =
    pods === undefined
      ? new Owners(checkLookup(options as DirectedOptions), breaker)
      : new AnyPod(parseBases(pods), breaker);
  return new Client({ settings, breaker, router, podClient: new PodClient({ maxSockets: settings.maxSocketsPerPod }) });
}
